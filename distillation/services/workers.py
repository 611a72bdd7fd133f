"""The workers that live and the GPUs they have, and whether one of them has those that a task names."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from distillation.contract.devices import OPTION
from distillation.contract.options import BY_NAME
from distillation.contract.request_values import read_value
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.models import TrainingTask, Worker
from distillation.selectors import WORKER_SILENCE


@dataclass(frozen=True, slots=True)
class LiveWorker:
    """A worker that was seen lately."""

    name: str
    slots: int
    devices: list[str]
    """By number."""
    seen_at: datetime

    def has(self, numbers: list[int]) -> bool:
        """Whether it has all GPUs of these numbers."""
        return all(number < len(self.devices) for number in numbers)


def living_workers() -> list[LiveWorker]:
    """Those that were seen lately, the oldest first."""
    living = Worker.objects.filter(seen_at__gte=timezone.now() - WORKER_SILENCE).order_by("id")
    return [LiveWorker(worker.name, worker.slots, _devices(worker), worker.seen_at) for worker in living]


def named_gpus(task: TrainingTask) -> list[int]:
    """The GPUs that a task names; none for a stored value that cannot be read, which the start refuses."""
    try:
        return list(read_value(BY_NAME[OPTION], task.config.get(OPTION) or []))
    except Refused:
        return []


def gpu_problem(numbers: list[int]) -> Sentence | None:
    """Why no worker can give these GPUs; None when one can, and while no worker lives: who claims the task says it."""
    if not numbers:
        return None
    workers = living_workers()
    if not workers or any(worker.has(numbers) for worker in workers):
        return None
    found = "; ".join(f"{worker.name}: {_listed(worker.devices)}" for worker in workers)
    return Sentence(
        gettext_noop(
            "The task names the GPUs {numbers}, and no worker has all of them. Found: {found}. Name GPUs that one "
            "worker has, or leave gpuDevices empty."
        ),
        {"numbers": ", ".join(map(str, numbers)), "found": found},
    )


def _listed(devices: list[str]) -> str:
    return ", ".join(f"{number} {name}" for number, name in enumerate(devices)) or "–"


def _devices(worker: Worker) -> list[str]:
    try:
        names = json.loads(worker.devices)
    except ValueError:
        return []
    return [str(name) for name in names] if isinstance(names, list) else []
