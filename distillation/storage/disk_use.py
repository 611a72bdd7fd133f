"""What the home's folders take on the disk. Counting walks through all of it, so a thread does it now and then.

The last count waits in a file of the home for every web process; a request only reads it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from distillation.storage.local import home, json_object

FOLDERS = ("runs", "cache", "datasets", "models", "inference")
FILE = "disk-use.json"
FRESH_SECONDS = 600.0
"""A count is repeated when it is older."""
MOST_SECONDS = 120.0
"""A walk ends then; what it has found is the least that there is."""
_counting = threading.Lock()


@dataclass(frozen=True, slots=True)
class DiskUse:
    """Bytes."""

    total: int
    free: int
    folders: dict[str, int]
    """By the name of the folder; empty until the first count has ended."""
    counted_at: float | None
    """Seconds since 1970."""
    whole: bool
    """False where the walk was ended early, and the folders hold more."""


def disk_use() -> DiskUse:
    """The disk now, and the last count of the folders; starts another count when that one is old."""
    disk = shutil.disk_usage(home())
    kept = json_object(home() / FILE)
    at, folders = kept.get("at"), kept.get("folders")
    counted_at = float(at) if isinstance(at, int | float) else None
    if counted_at is None or time.time() - counted_at > FRESH_SECONDS:
        _count_soon(home())
    known = {name: int(size) for name, size in folders.items()} if isinstance(folders, dict) else {}
    return DiskUse(disk.total, disk.free, known, counted_at, bool(kept.get("whole", True)))


def count(root: Path, most_seconds: float = MOST_SECONDS) -> None:
    """Walk through the folders and write down their sizes. Raises OSError."""
    until = time.monotonic() + most_seconds
    found = {name: _size(root / name, until) for name in FOLDERS}
    text = json.dumps({"at": time.time(), "folders": found, "whole": time.monotonic() < until})
    draft = root / f".{FILE}.{os.getpid()}"
    draft.write_text(text, encoding="utf-8")
    draft.replace(root / FILE)


def _count_soon(root: Path) -> None:
    """In a thread, of which a process has one at a time."""
    if _counting.acquire(blocking=False):
        threading.Thread(target=_count_and_release, args=(root,), name="disk-use", daemon=True).start()


def _count_and_release(root: Path) -> None:
    try:
        with contextlib.suppress(OSError):
            count(root)
    finally:
        _counting.release()


def _size(folder: Path, until: float) -> int:
    """Bytes of the files in it; links are not followed, and what vanishes meanwhile does not count."""
    size = 0
    for parent, _folders, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                size += (Path(parent) / name).lstat().st_size
        if time.monotonic() > until:
            break
    return size
