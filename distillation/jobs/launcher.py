"""Starting an engine: a local process group now, a cluster scheduler behind the same interface later."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from typing import Protocol

from django.conf import settings

from distillation.contract.run_dir import RunDir

RUN, LABEL, TRY = "run", "label", "try"
"""What an engine may be started for."""

_KEPT_FROM_ENGINE = ("DATABASE_URL", "DISTILLATION_SECRET_KEY", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE")


class Engine(Protocol):
    """A started engine."""

    @property
    def pid(self) -> int | None:
        """The process on this host; None where it runs elsewhere."""

    def exit_code(self) -> int | None:
        """None while it runs; negative for a signal."""

    def request_stop(self) -> None:
        """Ask for a checkpoint and an end; may be called again."""

    def kill(self) -> None:
        """End the whole process group at once."""


class Launcher(Protocol):
    """Where engines run."""

    def busy(self, run: RunDir) -> bool:
        """Whether an engine of an earlier attempt still holds the run directory."""

    def start(self, run: RunDir, attempt: int, gpus: tuple[str, ...]) -> Engine:
        """Start an engine on the run; ``gpus`` are the uuids of those that are its. Raises OSError."""


class LocalEngine:
    """A process group of this host. Its stdin is a pipe: when this process dies, the engine notices."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """The leader of the group."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """None while it runs; negative for a signal."""
        code = self._process.poll()
        if code is not None and self._process.stdin is not None:
            self._process.stdin.close()
        return code

    def request_stop(self) -> None:
        """SIGTERM to the engine alone; it looks after its children."""
        if self._process.poll() is None:
            self._process.terminate()

    def kill(self) -> None:
        """SIGKILL to the group, and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def environment(gpus: tuple[str, ...]) -> dict[str, str]:
    """What an engine process sees: no secrets, no model hub, and the GPUs (uuids) that are its, in this order."""
    kept = {name: value for name, value in os.environ.items() if name not in _KEPT_FROM_ENGINE}
    return kept | {
        "HF_HUB_OFFLINE": "1",
        "PYTHONUNBUFFERED": "1",
        "CUDA_VISIBLE_DEVICES": ",".join(gpus),
        # Waiting threads that spin take the cores from other runs: two at once fell to a tenth of their speed.
        "OMP_WAIT_POLICY": "PASSIVE",
    }


class LocalLauncher:
    """Engines as children of the worker."""

    def __init__(self, command: str = RUN) -> None:
        self._command = command

    def busy(self, run: RunDir) -> bool:
        """Try the engine's own lock."""
        try:
            with run.lock.open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def start(self, run: RunDir, attempt: int, gpus: tuple[str, ...]) -> Engine:
        """Start ``python -m distillation.engine`` in a session of its own. Raises OSError."""
        engine = [sys.executable, "-m", "distillation.engine", self._command, str(run.root)]
        engine += ["--home", str(settings.DISTILLATION_HOME), "--attempt", str(attempt)]
        with run.engine_log(attempt).open("ab") as log:
            process = subprocess.Popen(
                engine,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=settings.BASE_DIR,
                env=environment(gpus),
                start_new_session=True,
            )
        return LocalEngine(process)
