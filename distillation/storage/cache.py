"""The entries of ``$DISTILLATION_HOME/cache``: what is there, who uses it, and removing one at a blow.

An entry is removed by a rename while nobody has it open: an engine that comes a moment later makes it again, one that
came a moment earlier keeps it whole. What is deleted behind the hidden name may take its time or be interrupted.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from distillation.contract.cache_keys import ABOUT, ADAPTERS, KINDS, LOCK, PINNED, USED
from distillation.storage.local import folders, home, json_object, size_of

GONE = ".gone-"
"""Beginning of the name of what is being deleted."""
_RECORDS = {ADAPTERS: "adapter.json"}
_RECORD = "complete.json"
_ONE = "freeing.lock"
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """One entry as it was seen."""

    path: Path
    bytes: int
    used_at: float
    """Seconds since 1970 of the last opening."""
    pinned: bool
    open: bool
    """Whether an engine makes it or works with it."""
    data: str
    """The data set for which it was made first; empty where that is not known."""
    teacher: str
    checksum: str
    """By which checkpoints name it; empty while it is incomplete, and for pictures."""

    @property
    def kind(self) -> str:
        """What it holds."""
        return self.path.parent.name

    @property
    def key(self) -> str:
        """Its name among those of its kind."""
        return self.path.name


def entries() -> list[CacheEntry]:
    """All of them, the one that was used longest ago first."""
    found = [_seen(path) for path in _paths()]
    return sorted((entry for entry in found if entry is not None), key=lambda entry: (entry.used_at, entry.path))


def remove(path: Path) -> bool:
    """Remove an entry that nobody has open or pinned; False when it stays. Two at once do no harm."""
    aside = path.with_name(f"{GONE}{path.name}-{secrets.token_hex(4)}")
    try:
        with _alone(path / LOCK) as makes, _alone(path / USED) as uses:
            if not (makes and uses) or (path / PINNED).exists():
                return False
            path.rename(aside)
    except OSError:
        return False  # somebody else has removed it, or it is not ours to remove
    shutil.rmtree(aside, ignore_errors=True)
    return True


def sweep() -> None:
    """Delete what a removal that was interrupted has left."""
    for kind in KINDS:
        for folder in folders(home() / "cache" / kind):
            if folder.name.startswith(GONE):
                shutil.rmtree(folder, ignore_errors=True)


def pin(path: Path) -> bool:
    """Keep the entry until it is unpinned; False when it is being removed. Raises OSError."""
    with contextlib.suppress(FileNotFoundError), _beside_others(path / USED) as held:
        if held:
            (path / PINNED).touch()
            return True
    return False


def unpin(path: Path) -> None:
    """Let the entry go when its turn comes. Raises OSError."""
    (path / PINNED).unlink(missing_ok=True)


@contextlib.contextmanager
def one_at_a_time(seconds: float) -> Iterator[bool]:
    """Yield whether no other process frees the cache; wait for it so long."""
    root = home() / "cache"
    root.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + seconds
    with (root / _ONE).open("ab") as file:
        while not (ours := _try(file.fileno(), fcntl.LOCK_EX)) and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
        yield ours


def _paths() -> Iterator[Path]:
    for kind in KINDS:
        yield from (path for path in folders(home() / "cache" / kind) if not path.name.startswith("."))


def _seen(path: Path) -> CacheEntry | None:
    """None when it has vanished meanwhile."""
    about = json_object(path / ABOUT)
    try:
        return CacheEntry(
            path=path,
            bytes=size_of(path),
            used_at=_used_at(path),
            pinned=(path / PINNED).exists(),
            open=_held(path / LOCK, fcntl.LOCK_SH) or _held(path / USED, fcntl.LOCK_EX),
            data=str(about.get("data") or ""),
            teacher=str(about.get("teacher") or ""),
            checksum=str(json_object(path / _RECORDS.get(path.parent.name, _RECORD)).get("sha256") or ""),
        )
    except FileNotFoundError:
        return None


def _used_at(path: Path) -> float:
    """Earlier versions kept no time of use: there the newest file counts."""
    try:
        return (path / USED).lstat().st_mtime
    except FileNotFoundError:
        return max(found.lstat().st_mtime for found in (path, *path.iterdir()))


def _held(path: Path, how: int) -> bool:
    """Whether a lock of the kind cannot be had; network file systems ask for the right to write."""
    try:
        with path.open("r+b") as file:
            return not _try(file.fileno(), how)
    except FileNotFoundError:
        return False
    except PermissionError:
        return True  # not ours to remove


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[bool]:
    with _locked(path, fcntl.LOCK_EX) as held:
        yield held


@contextlib.contextmanager
def _beside_others(path: Path) -> Iterator[bool]:
    with _locked(path, fcntl.LOCK_SH) as held:
        yield held


@contextlib.contextmanager
def _locked(path: Path, how: int) -> Iterator[bool]:
    """Yield whether the lock is ours. Raises OSError, also for a link in the file's place."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        yield _try(descriptor, how)
    finally:
        os.close(descriptor)


def _try(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
