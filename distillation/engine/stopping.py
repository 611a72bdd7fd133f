"""How an engine learns that it shall stop: SIGTERM, SIGINT, or the end of its standard input.

The worker holds the other end of standard input; its end means that the worker died. Then the engine has ten
seconds to write a checkpoint before it kills its own process group, so that nothing is left without an owner.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from types import FrameType

GRACE_SECONDS = 10.0


class Stopped(Exception):  # noqa: N818 - a request, not an error
    """The run was asked to stop and everything done so far is on disk."""


class StopRequest:
    """A flag that signals and the watcher thread set, and that the work asks between steps."""

    def __init__(self) -> None:
        self.requested = False
        """A plain attribute: the training loop reads it at every step."""

    def listen(self, *, watch_stdin: bool) -> None:
        """Install the signal handlers; with ``watch_stdin`` also watch for the end of standard input."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        if watch_stdin:
            threading.Thread(target=self._watch_stdin, name="stdin-watch", daemon=True).start()

    def check(self) -> None:
        """Raise Stopped when asked to stop; for work whose progress is on disk already."""
        if self.requested:
            raise Stopped

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True

    def _watch_stdin(self) -> None:
        try:
            while os.read(0, 4096):
                pass
        except OSError:
            pass  # a closed standard input has ended as well
        self.requested = True
        time.sleep(GRACE_SECONDS)
        if os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)
