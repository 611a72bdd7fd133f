"""Work that takes longer than a request may: a program of its own, one a folder, which outlives the web process.

Its folder's lock is a file descriptor that it inherits, so that it is free when the program is gone, however it ended.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

MOST = 2
"""Programs that one web process has running: they read disks and compute, beside requests and training."""
LOCK, ERRORS = "lock", "errors.txt"

_children: list[subprocess.Popen[bytes]] = []
_guard = threading.Lock()


def start(command: Sequence[str], folder: Path) -> bool:
    """Start the program for the folder; False when it runs already, or when too many others do: ask again later."""
    with _guard:
        _children[:] = [child for child in _children if child.poll() is None]
        if len(_children) >= MOST:
            return False
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with (folder / ERRORS).open("wb") as errors:
                child = subprocess.Popen(
                    command, cwd=settings.BASE_DIR, pass_fds=[lock], stdin=subprocess.DEVNULL, start_new_session=True,
                    env={**os.environ, "DISTILLATION_HOME": str(settings.DISTILLATION_HOME)},
                    stdout=subprocess.DEVNULL, stderr=errors,
                )  # fmt: skip
        except BlockingIOError:
            return False
        finally:
            os.close(lock)  # the child keeps it
        _children.append(child)
    return True


def running(folder: Path) -> bool:
    """Whether the folder's program lives, whichever web process started it."""
    try:
        lock = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def errors(folder: Path) -> str:
    """The last line that the program complained with; empty when it said nothing."""
    try:
        lines = (folder / ERRORS).read_text("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:500] if lines else ""
