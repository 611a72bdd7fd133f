"""One claimed labelling job from its claim to its end: the counterpart of the supervisor of training runs."""

from __future__ import annotations

from typing import Any

from distillation.contract.labelling import LABELLED, NAMED_FAILURES
from distillation.jobs.job_supervisor import JobSupervisor, States
from distillation.jobs.launcher import Launcher
from distillation.models import InferenceJob
from distillation.services import inference, inference_states
from distillation.storage.local import inference_dir


class LabellingSupervisor(JobSupervisor[InferenceJob]):
    """Labels are written picture by picture, so that another attempt goes on."""

    states: States[InferenceJob] = inference_states
    event = LABELLED

    def __init__(
        self, job: InferenceJob, worker: str, launcher: Launcher, *, threads: int, gpus: tuple[str, ...]
    ) -> None:
        run = inference_dir(job.inference_id)
        super().__init__(job, run, job.attempt, worker, launcher, threads=threads, gpus=gpus)

    def _spec(self) -> str:
        return inference.spec_of(self.job, self._threads).to_json()

    def _note(self, event: dict[str, Any]) -> None:
        inference_states.count(self.job, event)

    def _finish(self, result: dict[str, Any]) -> None:
        inference_states.count(self.job, {**result, "failures": result["failures"][:NAMED_FAILURES]})
        inference_states.finish(self.job)
