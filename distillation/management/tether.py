"""Run a program that ends when its parent does, even when the parent is killed with SIGKILL.

``python -m distillation.management.tether <parent pid> program arg…``; on systems other than Linux the program
runs untethered.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def tether(parent: int) -> None:
    """Ask the kernel for SIGTERM at the parent's death; survives ``exec``."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died between fork and here, so no signal will come
        sys.exit(f"The parent {parent} is gone.")


if __name__ == "__main__":
    tether(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - the caller's own argument list, no shell
