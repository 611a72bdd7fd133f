"""One claimed trial from its claim to its end. It runs beside training, needs no slot and has little time."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.contract.trial import TRYING, TrialSpec
from distillation.jobs.job_supervisor import JobSupervisor, States
from distillation.jobs.launcher import Engine, Launcher
from distillation.models import Trial
from distillation.services import trial_states, trials
from distillation.storage.local import trial_dir

LIMIT_SECONDS = 300.0
"""From the start of the engine: loading two models and asking each about twenty pictures, on the CPU."""


class TrialSupervisor(JobSupervisor[Trial]):
    """Without a GPU, which a training run may be using."""

    states: States[Trial] = trial_states
    event = TRYING

    def __init__(self, trial: Trial, worker: str, launcher: Launcher, *, threads: int) -> None:
        run = trial_dir(trial.trial_id)
        super().__init__(trial, run, trial.attempt, worker, launcher, threads=threads, gpus=())

    def tend(self) -> bool:
        """As every job; what was uploaded goes with the end."""
        ended = super().tend()
        if ended:
            trials.drop_uploads(self.job)
        return ended

    def _spec(self) -> str:
        return replace(TrialSpec.from_json(self._run.spec.read_text(encoding="utf-8")), threads=self._threads).to_json()

    def _note(self, event: dict[str, Any]) -> None:
        done, total = (value if type(value) is int else 0 for value in (event.get("done"), event.get("total")))
        trial_states.note(self.job, str(event.get("phase")), done, total)

    def _finish(self, result: dict[str, Any]) -> None:
        trial_states.finish(self.job)

    def _ask_to_stop(self, engine: Engine) -> None:
        """Whoever no longer wants to see it does not wait for what a library is doing."""
        if self._stopping:
            engine.kill()
        else:
            super()._ask_to_stop(engine)

    def _overdue(self) -> Sentence | None:
        if self._started_at is None or time.monotonic() - self._started_at < LIMIT_SECONDS:
            return None
        return Sentence(
            gettext_noop("The models had {seconds} s and did not get ready. Try fewer pictures or texts."),
            {"seconds": int(LIMIT_SECONDS)},
        )
