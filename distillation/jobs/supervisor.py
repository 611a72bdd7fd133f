"""One claimed task from its claim to its end: start the engine, follow it, end it, conclude.

``tend`` is called several times a second and never blocks for long. Every step may be the last one before this
process dies: what follows is decided by the row, the run directory and the next worker.
"""

from __future__ import annotations

import logging
import signal
import time

from distillation import lifecycle
from distillation.contract import exit_codes
from distillation.contract.run_dir import RunDir
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.jobs.ingest import MAX_SECONDS, Ingest, earlier_attempts
from distillation.jobs.launcher import Engine, Launcher
from distillation.jobs.preparation import prepare
from distillation.jobs.results import complete, read_result
from distillation.jobs.sampling import Sampler
from distillation.models import Intent, LogLevel, TrainingTask
from distillation.services import task_log
from distillation.storage.local import home, run_dir

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
STOP_GRACE_SECONDS = 60.0
"""From SIGTERM to SIGKILL: the engine finishes its step and writes a checkpoint."""


class Supervisor:
    """The worker's side of one run."""

    def __init__(
        self, task: TrainingTask, worker: str, launcher: Launcher, *, threads: int, gpus: tuple[str, ...]
    ) -> None:
        self.task = task
        self.gpus = gpus
        self._worker = worker
        self._launcher = launcher
        self._threads = threads
        self._run: RunDir = run_dir(task.task_id)
        self._engine: Engine | None = None
        self._ingest = Ingest(task, self._run, task.attempt)
        self._sampler: Sampler | None = None
        self._earlier: list[Ingest] | None = None
        self._intent: Intent | None = None
        self._asked_at: float | None = None
        self._renewed_at = time.monotonic()
        self._looked_at = self._renewed_at
        self._leaving = False

    def leave(self) -> None:
        """The worker is going: end at a checkpoint and give the task back. May be called again."""
        self._leaving = True

    def abandon(self) -> None:
        """End the engine at once and leave the row alone: the lease belongs to another, or time is up."""
        if self._engine is not None:
            self._engine.kill()

    def tend(self) -> bool:
        """Do what is due. True when the task has been concluded and its slot is free.

        Raises DatabaseError when the database is away: the engine trains on, call again.
        """
        if self._sampler is not None:
            self._sampler.take()
        if not self._keep_lease():
            log.warning("%s: the lease is lost, ending the engine", self.task.task_id)
            self.abandon()
            return True
        if self._engine is None:
            return self._begin()
        code = self._engine.exit_code()  # before the ingest: what was written before the end is read in any case
        caught_up = self._ingest.catch_up(MAX_SECONDS)
        if self._sampler is not None:
            self._sampler.store()
        if code is not None:
            return caught_up and self._conclude(code)
        if self._intent is not None or self._leaving:
            self._ask_to_stop(self._engine)
        return False

    def _keep_lease(self) -> bool:
        """Renew every few seconds; look for a person's wish every second, since somebody waits for it."""
        now = time.monotonic()
        if now - self._renewed_at >= lifecycle.RENEW_SECONDS:
            if not lifecycle.renew(self.task, self._worker):
                return False
            self._renewed_at = now
        if now - self._looked_at >= LOOK_SECONDS:
            self._intent = lifecycle.wish(self.task)
            self._looked_at = now
        return True

    def _begin(self) -> bool:
        """Start the engine, or conclude what an earlier attempt has already finished."""
        if self._intent is not None:
            lifecycle.interrupted(self.task, self._worker, self._intent)
            return True
        if self._leaving:
            lifecycle.give_back(self.task, self._worker)
            return True
        if self._launcher.busy(self._run):
            return False  # an orphan of an earlier attempt writes its checkpoint; it ends within seconds
        if not self.task.fresh:
            if not self._read_earlier_attempts():
                return False
            if self._already_finished():
                return True
        try:
            prepare(self.task, self._run, threads=self._threads, device="cuda" if self.gpus else "cpu")
            self._engine = self._launcher.start(self._run, self.task.attempt, self.gpus)
        except Refused as refused:
            lifecycle.fail(self.task, self._worker, refused.sentence)
            return True
        except OSError as error:
            lifecycle.fail(self.task, self._worker, _cannot_begin(error))
            return True
        self._sampler = Sampler(self.task, self._engine.pid, self.gpus)
        log.info("%s: attempt %s started", self.task.task_id, self.task.attempt)
        params = {"worker": self._worker, "attempt": self.task.attempt}
        task_log.note(self.task, Sentence(gettext_noop("{worker} has started the engine (attempt {attempt})."), params))
        return False

    def _read_earlier_attempts(self) -> bool:
        """Store what a former worker did not, or a restored database has lost; True when that is done."""
        if self._earlier is None:
            numbers = earlier_attempts(self._run, before=self.task.attempt)
            self._earlier = [Ingest(self.task, self._run, number) for number in numbers]
        while self._earlier:
            if not self._earlier[0].catch_up(MAX_SECONDS):
                return False
            del self._earlier[0]
        return True

    def _already_finished(self) -> bool:
        """A valid result completes the task without training."""
        result = read_result(self._run)
        return result is not None and complete(self.task, self._worker, self._run, result)

    def _ask_to_stop(self, engine: Engine) -> None:
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
            engine.request_stop()
        elif now - self._asked_at > STOP_GRACE_SECONDS:
            log.warning("%s: no end after %s s, killing it", self.task.task_id, STOP_GRACE_SECONDS)
            engine.kill()
            why = Sentence(
                gettext_noop("The engine did not end within {seconds} s of being asked; the worker ended it."),
                {"seconds": int(STOP_GRACE_SECONDS)},
            )
            task_log.note(self.task, why, LogLevel.WARNING)

    def _conclude(self, code: int) -> bool:
        log.info("%s: attempt %s ended with code %s", self.task.task_id, self.task.attempt, code)
        told = code in (exit_codes.COMPLETED, exit_codes.STOPPED, exit_codes.LOCKED) or self._ingest.failure
        if not told:
            task_log.note(self.task, self._failure(code), LogLevel.ERROR)
        result = read_result(self._run) if code == exit_codes.COMPLETED else None
        if result is not None:
            complete(self.task, self._worker, self._run, result)
        elif code == exit_codes.LOCKED:
            self._engine = None  # another engine was a moment faster; wait for it and try again
            return False
        elif code == exit_codes.STOPPED:
            self._conclude_stop()
        elif code in (exit_codes.FAILED, exit_codes.DISK_FULL):
            lifecycle.fail(self.task, self._worker, self._failure(code))
        else:
            self.task.intent = self._intent
            lifecycle.lost(self.task, self._worker, self._crash(code))
        return True

    def _conclude_stop(self) -> None:
        if self._intent is not None:
            lifecycle.interrupted(self.task, self._worker, self._intent)
        elif self._leaving:
            lifecycle.give_back(self.task, self._worker)
        else:
            why = Sentence(gettext_noop("The engine was stopped from outside."))
            lifecycle.lost(self.task, self._worker, why)

    def _failure(self, code: int) -> Sentence:
        if code == exit_codes.DISK_FULL and self._ingest.failure is None:
            return Sentence(
                gettext_noop("The disk below DISTILLATION_HOME is full. Free some space, then start the task again.")
            )
        return self._crash(code)

    def _crash(self, code: int) -> Sentence:
        if self._ingest.failure is not None:
            return self._ingest.failure
        if code < 0:
            name = signal.Signals(-code).name
            return Sentence(
                gettext_noop("The engine was ended by {signal}; out of memory is the usual reason for SIGKILL."),
                {"signal": name},
            )
        return Sentence(
            gettext_noop("The engine ended with code {code}. Last line of its log: {line}"),
            {"code": code, "line": self._last_log_line()},
        )

    def _last_log_line(self) -> str:
        try:
            with self._run.engine_log(self.task.attempt).open("rb") as file:
                file.seek(max(0, file.seek(0, 2) - 4096))
                lines = file.read().decode(errors="replace").strip().splitlines()
        except OSError:
            return "–"
        return lines[-1].replace(f"{home()}/", "")[:500] if lines else "–"


def _cannot_begin(error: OSError) -> Sentence:
    return Sentence(
        gettext_noop("The run could not begin: {error}. Check the permissions and the space of DISTILLATION_HOME."),
        {"error": error.strerror or str(error)},
    )
