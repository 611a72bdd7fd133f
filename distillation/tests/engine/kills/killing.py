"""kill -9 of an engine process, and what must be the same afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from distillation.contract.run_dir import RunDir
from distillation.tests.engine.samples import events_of, sha256

LOOKS = 24_000
"""At the events, 5 ms apart: two minutes at least."""


def wait_for(
    process: subprocess.Popen[bytes], run_dir: RunDir, attempt: int, wanted: Callable[[dict[str, Any]], bool]
) -> bool:
    """Whether the event came before the engine ended."""
    for _ in range(LOOKS):  # counted, not timed: a machine that sleeps is no engine that hangs
        ended = process.poll() is not None
        if any(map(wanted, events_of(run_dir, attempt))):
            return True
        if ended:
            return False
        time.sleep(0.005)
    raise TimeoutError


def kill(process: subprocess.Popen[bytes]) -> bool:
    """Kill the engine and all that it started; whether it was still at work."""
    os.killpg(process.pid, signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def weights(home: Path, run_dir: RunDir) -> dict[str, str]:
    """Checksums of what the run delivers, and of what its teacher learned."""
    files = {str(file.relative_to(run_dir.root)): file for file in run_dir.artifacts.rglob("*.safetensors")}
    files |= {str(file.relative_to(home)): file for file in home.glob("cache/adapters/*/adapter.safetensors")}
    return {name: sha256(file) for name, file in files.items()}


def forget(home: Path) -> None:
    """What other runs prepared is gone: the next one asks and adapts its teacher itself."""
    shutil.rmtree(home / "cache", ignore_errors=True)
