"""Whether a data set has changed since it was read, asked by a web request: names, sizes and times near the top."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

DEPTH, MOST = 3, 1_500
"""Folders within each other, and entries, that are looked at."""


def signature(root: Path) -> str:
    """A hash of the folders' and top files' names and times; empty when there is no such folder.

    A folder's time changes with every file that is added to it, removed from it or renamed; what is written into a
    file deep below is not noticed, for which the page has a button.
    """
    hasher = hashlib.sha256()
    left = MOST
    level = [root]
    for _ in range(DEPTH):
        below: list[Path] = []
        for folder in level:
            try:
                with os.scandir(folder) as entries:
                    # Names in the order of the directory: sorting would need all of them.
                    for entry in entries:
                        if (left := left - 1) < 0:
                            break
                        if entry.is_dir(follow_symlinks=False):
                            below.append(Path(entry.path))
                        elif folder == root:
                            stat = entry.stat(follow_symlinks=False)
                            hasher.update(
                                f"{entry.name}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode(errors="replace")
                            )
                name = "" if folder == root else folder.name  # the data set itself may be renamed
                hasher.update(f"{name}\0{folder.stat().st_mtime_ns}\0".encode(errors="replace"))
            except OSError:
                continue
        level = below
    return hasher.hexdigest() if root.is_dir() else ""
