"""Step metrics: stored in batches, cut where a resumed run goes on before its last point; what is cut off is kept.

A point is known by task, curve, arm and step, so storing one twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from distillation.models import MetricPoint, SupersededPoint, TrainingTask
from distillation.models.rows import upsert

Point = tuple[str, str, int, int | None, float | None, float | None]
"""name, arm, step, epoch, time (seconds since 1970), value (None where it was not finite)"""

MOST_KEPT = 10_000
"""Points that a cut keeps as superseded, of all curves together: those that follow the checkpoint."""
_KEEP = (
    "INSERT INTO md_superseded_point (task_id, attempt, name, arm, step, epoch, time, value) "
    "SELECT task_id, %s, name, arm, step, epoch, time, value FROM md_metric_point "
    "WHERE task_id = %s AND arm = %s AND step > %s AND time < %s ORDER BY step LIMIT %s"
)
_COLUMNS = ("task_id", "name", "arm", "step", "epoch", "time", "value")


def store(task: TrainingTask, points: Sequence[Point]) -> None:
    """Write points; one that is there already takes the new value."""
    upsert(MetricPoint, _COLUMNS, [(task.pk, *point) for point in points], unique=("task_id", "name", "arm", "step"))


def supersede(task: TrainingTask, attempt: int, arm: str, step: int, begun: float | None) -> bool:
    """Take an arm's points behind the step from which the attempt goes on out of its curves, and keep them aside; say
    whether there were any.

    Only what was measured before the attempt had ``begun`` with the arm (seconds since 1970) is superseded: where
    events are read anew, the attempt's own points may be there already. For the same reason a cut keeps points once.
    """
    kept = SupersededPoint.objects.filter(task=task, attempt=attempt, arm=arm)
    if begun is not None and not kept.exists():
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, [attempt, task.pk, arm, step, begun, MOST_KEPT])
    return bool(MetricPoint.objects.filter(task=task, arm=arm, step__gt=step).delete()[0])


def forget(task: TrainingTask) -> None:
    """Drop the points of a run that starts afresh."""
    MetricPoint.objects.filter(task=task).delete()
    SupersededPoint.objects.filter(task=task).delete()
