"""Following a task: how far each of its growing tables has come, and what its row says, in one query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import F, Max, OuterRef, QuerySet, Subquery, Sum

from distillation.models import EventPosition, LogLine, MetricPoint, ResourceSample, TaskTransition, TrainingTask

CUTS_AN_ATTEMPT = 100
"""More than an attempt can make."""
_POINT_CURSOR = (
    "SELECT (SELECT MAX(attempt) * %s + SUM(cuts) FROM md_event_position WHERE task_id = %s), "
    "(SELECT MAX(id) FROM md_metric_point WHERE task_id = %s)"
)
FIGURES = (
    "status", "intent", "del_flag", "executor", "phase", "device", "progress", "current_epoch", "total_epochs",
    "accuracy", "loss", "best_accuracy", "best_epoch", "best_step", "trained_samples", "samples_per_second",
    "estimated_time", "memory_used", "attempt", "start_time", "end_time", "duration", "lost_contact_at",
    "error_message", "error_detail",
)  # fmt: skip
"""Columns of the task that change while it runs."""


@dataclass(frozen=True, slots=True)
class PointCursor:
    """A place in a task's points. Another generation means that earlier points were superseded: read anew."""

    generation: int = 0
    point: int = 0

    def __str__(self) -> str:
        return f"{self.generation}-{self.point}"


@dataclass(frozen=True, slots=True)
class Heads:
    """The newest row of each kind (0 where there is none), and the task's figures."""

    points: PointCursor
    line: int
    sample: int
    transition: int
    figures: dict[str, Any]


def heads(tasks: Iterable[int]) -> dict[int, Heads]:
    """By the tasks' primary keys; one query, however many tasks and rows there are."""
    rows = (
        TrainingTask.objects.filter(pk__in=list(tasks))
        .annotate(
            newest_point=Subquery(_newest(MetricPoint.objects.filter(task=OuterRef("pk")))),
            newest_line=Subquery(_newest(LogLine.objects.filter(task=OuterRef("pk")))),
            newest_sample=Subquery(_newest(ResourceSample.objects.filter(task=OuterRef("pk")))),
            newest_transition=Subquery(_newest(TaskTransition.objects.filter(task=OuterRef("task_id")))),
            generation=Subquery(_generation()),
        )
        .values("pk", "newest_point", "newest_line", "newest_sample", "newest_transition", "generation", *FIGURES)
    )
    return {
        row["pk"]: Heads(
            PointCursor(int(row["generation"] or 0), row["newest_point"] or 0),
            row["newest_line"] or 0,
            row["newest_sample"] or 0,
            row["newest_transition"] or 0,
            {name: row[name] for name in FIGURES},
        )
        for row in rows
    }


def point_cursor(task: int) -> PointCursor:
    """How far one task's points have come. Hot: it precedes every look at a curve."""
    with connection.cursor() as cursor:
        cursor.execute(_POINT_CURSOR, [CUTS_AN_ATTEMPT, task, task])
        generation, newest = cursor.fetchone()
    return PointCursor(int(generation or 0), newest or 0)


def _newest(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows.order_by("-id").values("id")[:1]


def _generation() -> QuerySet[Any]:
    return (
        EventPosition.objects.filter(task=OuterRef("pk"))
        .values("task")
        .annotate(generation=Max("attempt") * CUTS_AN_ATTEMPT + Sum("cuts"))
        .order_by()
        .values(number=F("generation"))
    )
