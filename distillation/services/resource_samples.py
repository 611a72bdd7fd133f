"""What a run uses of its machine, on its way into the database."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from distillation.models import ResourceSample, TrainingTask


@dataclass(frozen=True, slots=True)
class Reading:
    """One moment; what could not be measured is None."""

    time: float
    """Seconds since 1970."""
    cpu_percent: float | None = None
    """100 is one core."""
    memory_mb: float | None = None
    host_memory_percent: float | None = None
    gpu_percent: float | None = None
    gpu_memory_mb: float | None = None
    gpu_temperature: float | None = None
    """Degrees Celsius."""


def store(task: TrainingTask, readings: Sequence[Reading]) -> None:
    """Write readings in one statement; a figure that is not finite becomes NULL."""
    rows = [{name: _finite(value) for name, value in asdict(reading).items()} for reading in readings]
    ResourceSample.objects.bulk_create(
        [ResourceSample(task_id=task.pk, attempt=task.attempt, **row) for row in rows], batch_size=500
    )


def forget(task: TrainingTask) -> None:
    """Drop the samples of a run that starts afresh."""
    ResourceSample.objects.filter(task=task).delete()


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
