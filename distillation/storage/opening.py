"""Opening a file that somebody named, without leaving a folder and without touching what is no file.

Links are followed while they stay inside. Devices, pipes and sockets are never opened, not even for a moment: that
could block or have an effect. The descriptor that was checked is the one that is read, whatever happens to the name.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Outside(Exception):  # noqa: N818 - a fact about the path
    """The path, or a link in it, leads out of the folder."""


class NotAFile(Exception):  # noqa: N818 - a fact about the path
    """What lies there is no regular file."""


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A regular file, open for reading; close it, or use it in a ``with``."""

    path: Path
    """Its real path, without links."""
    descriptor: int
    folder: int
    """Descriptor of the folder that holds it."""
    size: int
    changed_ns: int

    def __enter__(self) -> OpenFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.descriptor)
        os.close(self.folder)

    def read(self, count: int, offset: int) -> bytes:
        """At most ``count`` bytes from ``offset``. Raises OSError."""
        return os.pread(self.descriptor, count, offset)

    def unchanged(self) -> bool:
        """Whether nobody has written to it since it was opened."""
        now = os.fstat(self.descriptor)
        return (now.st_size, now.st_mtime_ns) == (self.size, self.changed_ns)


def climbs(path: str) -> bool:
    """Whether a part of the path is ``..``, with slashes of either kind."""
    return ".." in re.split(r"[/\\]", path)


def real_path(path: Path, root: Path) -> Path:
    """The path without links. Raises Outside, and OSError for what does not exist."""
    try:
        real = path.resolve(strict=True)
    except RuntimeError as error:  # what pathlib makes of a link to itself
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from error
    if not real.is_relative_to(root.resolve()):
        raise Outside
    return real


def open_inside(path: Path, root: Path) -> OpenFile:
    """Open the file below ``root``. Raises Outside, NotAFile and OSError.

    From the real path on no link is followed: one that is put there meanwhile makes the opening fail.
    """
    real, real_root = real_path(path, root), root.resolve()
    *folders, name = real.relative_to(real_root).parts or (".",)
    with contextlib.ExitStack() as undo:
        folder = os.open(real_root, _FOLDER)
        undo.callback(os.close, folder)
        for step in folders:
            folder = os.open(step, _FOLDER, dir_fd=folder)
            undo.callback(os.close, folder)
        if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            raise NotAFile
        descriptor = os.open(name, _FILE, dir_fd=folder)
        undo.callback(os.close, descriptor)
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):  # exchanged between the look and the opening
            raise NotAFile
        return OpenFile(real, os.dup(descriptor), os.dup(folder), found.st_size, found.st_mtime_ns)
