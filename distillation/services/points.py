"""Step metrics: stored in batches, cut where a resumed run goes on before its last point.

A point is known by task, curve, arm and step, so storing one twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from distillation.models import MetricPoint, TrainingTask
from distillation.models.rows import upsert

Point = tuple[str, str, int, int | None, float | None, float | None]
"""name, arm, step, epoch, time (seconds since 1970), value (None where it was not finite)"""

_COLUMNS = ("task_id", "name", "arm", "step", "epoch", "time", "value")


def store(task: TrainingTask, points: Sequence[Point]) -> None:
    """Write points; one that is there already takes the new value."""
    upsert(MetricPoint, _COLUMNS, [(task.pk, *point) for point in points], unique=("task_id", "name", "arm", "step"))


def supersede(task: TrainingTask, arm: str, step: int) -> bool:
    """Drop an arm's points behind the step from which it goes on; say whether there were any."""
    return bool(MetricPoint.objects.filter(task=task, arm=arm, step__gt=step).delete()[0])


def forget(task: TrainingTask) -> None:
    """Drop the points of a run that starts afresh."""
    MetricPoint.objects.filter(task=task).delete()
