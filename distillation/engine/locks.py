"""Advisory locks on files (flock): released by the kernel when their holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from distillation.engine.stopping import StopRequest

POLL_SECONDS = 0.2


@contextmanager
def try_hold(path: Path) -> Iterator[bool]:
    """Yield whether the lock is ours; it stays ours until the block ends."""
    with path.open("ab") as file:
        yield _acquire(file.fileno())


@contextmanager
def hold(path: Path, stop: StopRequest, on_wait: Callable[[], None]) -> Iterator[None]:
    """Wait for the lock; ``on_wait`` is called once when somebody else holds it. Raises Stopped while waiting.

    Who held it may have removed the folder: then there is a new one, and the lock is the one in there.
    """
    told = False
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = path.open("ab")
        except FileNotFoundError:
            continue  # the folder was removed in this moment
        with file:
            while not _acquire(file.fileno()):
                if not told:
                    on_wait()
                    told = True
                stop.check()
                time.sleep(POLL_SECONDS)
            if _lies_at(file.fileno(), path):
                yield
                return


class SharedLocks:
    """Files that this process uses beside others, until it ends or lets go."""

    def __init__(self) -> None:
        self._held: dict[Path, int] = {}

    def take(self, path: Path) -> None:
        """Set the file's time to now and hold it; the caller sees to it that nobody holds it alone. Raises OSError."""
        if path not in self._held:
            self._held[path] = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        os.utime(self._held[path])
        fcntl.flock(self._held[path], fcntl.LOCK_SH)

    def release(self) -> None:
        """Let go of all."""
        for descriptor in self._held.values():
            os.close(descriptor)
        self._held.clear()


def _acquire(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lies_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
