"""One claimed labelling job from its claim to its end: the counterpart of the supervisor of training runs.

The engine's counts cover the whole job, so that only the last ones matter and reading events twice does no harm.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import time
from typing import Any

from distillation.contract import events, exit_codes
from distillation.contract.labelling import LABELLED, NAMED_FAILURES
from distillation.contract.run_dir import RunDir
from distillation.contract.sentence import Sentence, gettext_noop
from distillation.jobs.event_rows import sentence_of
from distillation.jobs.launcher import Engine, Launcher
from distillation.lifecycle import RENEW_SECONDS
from distillation.models import InferenceJob
from distillation.services import inference, inference_states
from distillation.storage.local import inference_dir

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
STOP_GRACE_SECONDS = 60.0


class LabellingSupervisor:
    """The worker's side of one job; ``tend`` is called several times a second and never blocks for long."""

    def __init__(
        self, job: InferenceJob, worker: str, launcher: Launcher, *, threads: int, gpus: tuple[str, ...]
    ) -> None:
        self.job = job
        self.gpus = gpus
        self._worker = worker
        self._launcher = launcher
        self._threads = threads
        self._run: RunDir = inference_dir(job.inference_id)
        self._events = Events(self._run, job.attempt)
        self._engine: Engine | None = None
        self._stopping = False
        self._leaving = False
        self._asked_at: float | None = None
        self._renewed_at = self._looked_at = time.monotonic()

    def leave(self) -> None:
        """The worker is going: end after the pictures in hand and give the job back. May be called again."""
        self._leaving = True

    def abandon(self) -> None:
        """End the engine at once and leave the row alone."""
        if self._engine is not None:
            self._engine.kill()

    def tend(self) -> bool:
        """Do what is due. True when the job has ended here and its slot is free. Raises DatabaseError."""
        if not self._keep_lease():
            log.warning("%s: the lease is lost, ending the engine", self.job.inference_id)
            self.abandon()
            return True
        if self._engine is None:
            return self._begin()
        code = self._engine.exit_code()  # before the events: what was written before the end is read in any case
        if (facts := self._events.newest_counts()) is not None:
            inference_states.count(self.job, facts)
        if code is not None:
            return self._conclude(code)
        if self._stopping or self._leaving:
            self._ask_to_stop(self._engine)
        return False

    def _keep_lease(self) -> bool:
        now = time.monotonic()
        if now - self._renewed_at >= RENEW_SECONDS:
            if not inference_states.renew(self.job, self._worker):
                return False
            self._renewed_at = now
        if now - self._looked_at >= LOOK_SECONDS:
            self._stopping = inference_states.asked_to_stop(self.job)
            self._looked_at = now
        return True

    def _begin(self) -> bool:
        if self._stopping:
            inference_states.stopped(self.job)
            return True
        if self._leaving:
            inference_states.give_back(self.job)
            return True
        try:
            self._run.root.mkdir(parents=True, exist_ok=True)
            if self._launcher.busy(self._run):
                return False  # an orphan of an earlier attempt; it ends within seconds
            _write_spec(self._run, inference.spec_of(self.job, self._threads).to_json())
            self._engine = self._launcher.start(self._run, self.job.attempt, self.gpus)
        except OSError as error:
            why = gettext_noop("The job could not begin: {error}. Check permissions and space of DISTILLATION_HOME.")
            inference_states.fail(self.job, Sentence(why, {"error": error.strerror or str(error)}))
            return True
        log.info("%s: attempt %s started", self.job.inference_id, self.job.attempt)
        return False

    def _ask_to_stop(self, engine: Engine) -> None:
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
            engine.request_stop()
        elif now - self._asked_at > STOP_GRACE_SECONDS:
            log.warning("%s: no end after %s s, killing it", self.job.inference_id, STOP_GRACE_SECONDS)
            engine.kill()

    def _conclude(self, code: int) -> bool:
        log.info("%s: attempt %s ended with code %s", self.job.inference_id, self.job.attempt, code)
        if code == exit_codes.COMPLETED and (result := _result(self._run)) is not None:
            inference_states.count(self.job, result)
            inference_states.finish(self.job)
        elif code == exit_codes.LOCKED:
            self._engine = None  # another engine was a moment faster; wait for it and try again
            return False
        elif code == exit_codes.STOPPED:
            self._conclude_stop()
        elif code in (exit_codes.FAILED, exit_codes.DISK_FULL):
            inference_states.fail(self.job, self._why(code))
        else:
            inference_states.lost(self.job, self._why(code))
        return True

    def _conclude_stop(self) -> None:
        if self._stopping:
            inference_states.stopped(self.job)
        elif self._leaving:
            inference_states.give_back(self.job)
        else:
            inference_states.lost(self.job, Sentence(gettext_noop("The engine was stopped from outside.")))

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

    def __init__(self, run: RunDir, attempt: int) -> None:
        self._path = run.events(attempt)
        self._offset = 0
        self.failure: Sentence | None = None
        """Of the last ``failed`` event."""

    def newest_counts(self) -> dict[str, Any] | None:
        """The counts of the newest event since the last call; None when there was none."""
        found = None
        for line in self._new_lines():
            event = events.parse_line(line)
            if event is None:
                continue
            if event["kind"] == LABELLED:
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


def _result(run: RunDir) -> dict[str, Any] | None:
    """What the engine has written when every picture was done."""
    try:
        value = json.loads(run.result.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return {**value, "failures": value["failures"][:NAMED_FAILURES]} if isinstance(value, dict) else None
