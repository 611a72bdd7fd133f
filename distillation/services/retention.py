"""Thinning what old runs have left: curves keep their shape; superseded points, samples and everyday log lines go.

In batches of their own transactions, so that workers and web write meanwhile. Done twice it does nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from distillation.models import (
    LineKind,
    LogLevel,
    LogLine,
    MetricPoint,
    ResourceSample,
    SupersededPoint,
    TaskStatus,
    TrainingTask,
)
from distillation.selectors.thinning import extremes

FINISHED = (TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.STOPPED)
BATCH = 500
"""Rows a DELETE: SQLite's writers wait for each other, and no database is asked for a list without an end."""


@dataclass(slots=True)
class Pruned:
    """Rows that go, or would go."""

    tasks: int = 0
    points: int = 0
    samples: int = 0
    lines: int = 0

    @property
    def rows(self) -> int:
        """All of them."""
        return self.points + self.samples + self.lines


def old_tasks(days: int) -> QuerySet[TrainingTask]:
    """Tasks, deleted ones too, that ended more than so many days ago."""
    ended = Coalesce(F("end_time"), F("update_time"))
    border = timezone.now() - timedelta(days=days)
    return (
        TrainingTask.objects.filter(status__in=FINISHED).annotate(ended=ended).filter(ended__lt=border).order_by("id")
    )


def plan(days: int, keep: int) -> Pruned:
    """What would go; of each curve at most ``keep`` points stay."""
    return _sum(days, lambda task: _planned(task, keep))


def prune(days: int, keep: int) -> Pruned:
    """Delete it; returns what went."""
    return _sum(days, lambda task: _pruned(task, keep))


def _sum(days: int, of_task: Any) -> Pruned:
    total = Pruned()
    for task in list(old_tasks(days).values_list("pk", flat=True)):
        part: Pruned = of_task(task)
        total.tasks += bool(part.rows)
        total.points += part.points
        total.samples += part.samples
        total.lines += part.lines
    return total


def _planned(task: int, keep: int) -> Pruned:
    return Pruned(
        points=sum(count - keep for _, _, count in _long_curves(task, keep)) + _superseded(task).count(),
        samples=ResourceSample.objects.filter(task_id=task).count(),
        lines=_everyday_lines(task).count(),
    )


def _pruned(task: int, keep: int) -> Pruned:
    return Pruned(
        points=sum(_thin(task, name, arm, keep) for name, arm, _ in _long_curves(task, keep))
        + _delete(_superseded(task)),
        samples=_delete(ResourceSample.objects.filter(task_id=task)),
        lines=_delete(_everyday_lines(task)),
    )


def _long_curves(task: int, keep: int) -> list[tuple[str, str, int]]:
    counted = MetricPoint.objects.filter(task_id=task).values("name", "arm").annotate(points=Count("id")).order_by()
    return list(counted.filter(points__gt=keep).values_list("name", "arm", "points"))


def _thin(task: int, name: str, arm: str, keep: int) -> int:
    """Delete all but the points that a picture of ``keep`` points shows."""
    points = MetricPoint.objects.filter(task_id=task, name=name, arm=arm).order_by("step")
    rows = list(points.values_list("id", "step", "value"))
    kept = set(extremes([row[1] for row in rows], [row[2] for row in rows], keep)) if keep else set()
    surplus = [row[0] for index, row in enumerate(rows) if index not in kept]
    return sum(
        MetricPoint.objects.filter(id__in=surplus[begin : begin + BATCH]).delete()[0]
        for begin in range(0, len(surplus), BATCH)
    )


def _superseded(task: int) -> QuerySet[SupersededPoint]:
    return SupersededPoint.objects.filter(task_id=task)


def _everyday_lines(task: int) -> QuerySet[LogLine]:
    """What nobody looks for a month later: neither trouble nor where an attempt began."""
    return LogLine.objects.filter(task_id=task, level__lt=LogLevel.WARNING).exclude(Q(kind=LineKind.STARTED))


def _delete(rows: QuerySet[Any]) -> int:
    count = 0
    while ids := list(rows.order_by("id").values_list("id", flat=True)[:BATCH]):
        count += rows.model._default_manager.filter(id__in=ids).delete()[0]
    return count
