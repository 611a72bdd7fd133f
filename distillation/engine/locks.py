"""Advisory locks on files (flock): released by the kernel when their holder dies, however it dies."""

from __future__ import annotations

import fcntl
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
    """Wait for the lock; ``on_wait`` is called once when somebody else holds it. Raises Stopped while waiting."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        if not _acquire(file.fileno()):
            on_wait()
            while not _acquire(file.fileno()):
                stop.check()
                time.sleep(POLL_SECONDS)
        yield


def _acquire(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
