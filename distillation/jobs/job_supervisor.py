"""What supervising a labelling job and a trial have in common: lease, start, wish to stop, and the engine's end.

An engine's newest event of the kind's own covers everything before it, so that reading events twice does no harm.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from abc import ABC, abstractmethod
from typing import Any, Generic, Protocol, TypeVar

from distillation.contract import events, exit_codes
from distillation.contract.run_dir import RunDir
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.jobs.event_rows import sentence_of
from distillation.jobs.launcher import Engine, Launcher
from distillation.lifecycle import RENEW_SECONDS
from distillation.storage.local import json_object

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
STOP_GRACE_SECONDS = 60.0


Job = TypeVar("Job")
JobIn = TypeVar("JobIn", contravariant=True)


class States(Protocol[JobIn]):
    """The module that writes the job's status."""

    def renew(self, job: JobIn, worker: str, /) -> bool:
        """Keep the lease; False when it is no longer this worker's."""

    def asked_to_stop(self, job: JobIn, /) -> bool:
        """Whether it should end."""

    def fail(self, job: JobIn, why: Sentence, /) -> bool:
        """It ended badly."""

    def stopped(self, job: JobIn, /) -> bool:
        """It ended because somebody asked for it."""

    def give_back(self, job: JobIn, /) -> bool:
        """The worker is leaving."""

    def lost(self, job: JobIn, why: Sentence, /) -> bool:
        """The attempt died."""


class JobSupervisor(ABC, Generic[Job]):
    """The worker's side of one job; ``tend`` is called several times a second and never blocks for long."""

    states: States[Job]
    event: str
    """The kind of event that says how far the engine is."""

    def __init__(
        self, job: Job, run: RunDir, attempt: int, worker: str, launcher: Launcher, *, threads: int,
        gpus: tuple[str, ...],
    ) -> None:  # fmt: skip
        self.job = job
        self.gpus = gpus
        self._name = run.root.name
        self._attempt = attempt
        self._worker = worker
        self._launcher = launcher
        self._threads = threads
        self._run = run
        self._events = Events(run, attempt, self.event)
        self._engine: Engine | None = None
        self._started_at: float | None = None
        self._stopping = False
        self._leaving = False
        self._asked_at: float | None = None
        self._renewed_at = self._looked_at = time.monotonic()

    @abstractmethod
    def _spec(self) -> str:
        """What the engine is told. Raises OSError, and Refused where that is gone."""

    @abstractmethod
    def _note(self, event: dict[str, Any]) -> None:
        """Keep how far the engine is."""

    @abstractmethod
    def _finish(self, result: dict[str, Any]) -> None:
        """The engine has done everything."""

    def _overdue(self) -> Sentence | None:
        """Why the engine is ended now, if it has had its time."""
        return None

    def leave(self) -> None:
        """The worker is going: end after what is in hand and give the job back. May be called again."""
        self._leaving = True

    def abandon(self) -> None:
        """End the engine at once and leave the row alone."""
        if self._engine is not None:
            self._engine.kill()

    def tend(self) -> bool:
        """Do what is due. True when the job has ended here and its slot is free. Raises DatabaseError."""
        if not self._keep_lease():
            log.warning("%s: the lease is lost, ending the engine", self._name)
            self.abandon()
            return True
        if self._engine is None:
            return self._begin()
        code = self._engine.exit_code()  # before the events: what was written before the end is read in any case
        if (event := self._events.newest()) is not None:
            self._note(event)
        if code is not None:
            return self._conclude(code)
        if (why := self._overdue()) is not None:
            self._engine.kill()
            self.states.fail(self.job, why)
            return True
        if self._stopping or self._leaving:
            self._ask_to_stop(self._engine)
        return False

    def _keep_lease(self) -> bool:
        now = time.monotonic()
        if now - self._renewed_at >= RENEW_SECONDS:
            if not self.states.renew(self.job, self._worker):
                return False
            self._renewed_at = now
        if now - self._looked_at >= LOOK_SECONDS:
            self._stopping = self.states.asked_to_stop(self.job)
            self._looked_at = now
        return True

    def _begin(self) -> bool:
        if self._stopping:
            self.states.stopped(self.job)
            return True
        if self._leaving:
            self.states.give_back(self.job)
            return True
        try:
            self._run.root.mkdir(parents=True, exist_ok=True)
            if self._launcher.busy(self._run):
                return False  # an orphan of an earlier attempt; it ends within seconds
            _write_spec(self._run, self._spec())
            self._engine = self._launcher.start(self._run, self._attempt, self.gpus)
        except Refused as refused:
            self.states.fail(self.job, refused.sentence)
            return True
        except OSError as error:
            why = gettext_noop("The job could not begin: {error}. Check permissions and space of DISTILLATION_HOME.")
            self.states.fail(self.job, Sentence(why, {"error": error.strerror or str(error)}))
            return True
        self._started_at = time.monotonic()
        log.info("%s: attempt %s started", self._name, self._attempt)
        return False

    def _ask_to_stop(self, engine: Engine) -> None:
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
            engine.request_stop()
        elif now - self._asked_at > STOP_GRACE_SECONDS:
            log.warning("%s: no end after %s s, killing it", self._name, STOP_GRACE_SECONDS)
            engine.kill()

    def _conclude(self, code: int) -> bool:
        log.info("%s: attempt %s ended with code %s", self._name, self._attempt, code)
        if code == exit_codes.COMPLETED and (result := json_object(self._run.result)):
            self._finish(result)
        elif code == exit_codes.LOCKED:
            self._engine = None  # another engine was a moment faster; wait for it and try again
            return False
        elif code == exit_codes.STOPPED or (code == -signal.SIGTERM and self._asked_at is not None):
            self._conclude_stop()  # an engine that has just begun does not catch the signal yet
        elif code in (exit_codes.FAILED, exit_codes.DISK_FULL):
            self.states.fail(self.job, self._why(code))
        else:
            self.states.lost(self.job, self._why(code))
        return True

    def _conclude_stop(self) -> None:
        if self._stopping:
            self.states.stopped(self.job)
        elif self._leaving:
            self.states.give_back(self.job)
        else:
            self.states.lost(self.job, Sentence(gettext_noop("The engine was stopped from outside.")))

    def _why(self, code: int) -> Sentence:
        if self._events.failure is not None:
            return self._events.failure
        if code == exit_codes.DISK_FULL:
            return Sentence(gettext_noop("The disk is full. Free some space, then submit the job again."))
        name = signal.Signals(-code).name if code < 0 else str(code)
        return Sentence(
            gettext_noop("The engine ended with {code}; its log is in the job's folder {folder}."),
            {"code": name, "folder": f"{self._run.root.parent.name}/{self._run.root.name}"},
        )


class Events:
    """The events of one attempt, read on from where the last look ended."""

    def __init__(self, run: RunDir, attempt: int, kind: str) -> None:
        self._path = run.events(attempt)
        self._kind = kind
        self._offset = 0
        self.failure: Sentence | None = None
        """Of the last ``failed`` event."""

    def newest(self) -> dict[str, Any] | None:
        """The newest event of the kind since the last call; None when there was none."""
        found = None
        for line in self._new_lines():
            event = events.parse_line(line)
            if event is None:
                continue
            if event["kind"] == self._kind:
                found = event
            elif event["kind"] == events.FAILED:
                self.failure = sentence_of(event)
        return found

    def _new_lines(self) -> list[bytes]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                whole = file.read().rpartition(b"\n")[0]
        except OSError:
            return []
        self._offset += len(whole) + 1 if whole else 0
        return whole.splitlines()


def _write_spec(run: RunDir, text: str) -> None:
    draft = run.spec.with_suffix(".tmp")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(run.spec)
