"""Figures over many tasks, counted by the database in two queries; samples and deleted tasks are left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q, Sum
from django.utils import timezone

from distillation.contract.task_types import METRICS
from distillation.models import Executor, TaskStatus
from distillation.models.choices import ACTIVE
from distillation.selectors.rights import Rights
from distillation.selectors.task_types import type_of_task
from distillation.selectors.tasks import tasks_seen_by

SECONDS_AN_HOUR = 3600


@dataclass(slots=True)
class TypeFigures:
    """One type of task. Averages mix no types: their metrics are not comparable."""

    task_type: str
    tasks: int = 0
    completed: int = 0
    with_accuracy: int = 0
    accuracy_sum: float = 0.0
    best_accuracy: float | None = None

    @property
    def metric(self) -> str | None:
        """What accuracy means here; None for a type whose metric has no known name."""
        return METRICS.get(self.task_type)

    @property
    def average_accuracy(self) -> float | None:
        """Of completed tasks, in percent."""
        return round(self.accuracy_sum / self.with_accuracy, 4) if self.with_accuracy else None


@dataclass(slots=True)
class Hours:
    """Device-hours: time from a run's start to its end, one device a run."""

    gpu: float = 0.0
    cpu: float = 0.0
    unknown: float = 0.0
    """Runs of external scripts, which report no device."""
    tasks: int = 0
    """Ended tasks whose duration is known."""


@dataclass(slots=True)
class Statistics:
    """What one person may see, summed up."""

    by_status: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TaskStatus.values, 0))
    by_type: dict[str, TypeFigures] = field(default_factory=dict)
    by_student: dict[str, int] = field(default_factory=dict)
    hours: Hours = field(default_factory=Hours)
    queue_length: int = 0
    longest_wait: float | None = None
    """Seconds."""
    running: int = 0

    @property
    def total(self) -> int:
        """All tasks counted."""
        return sum(self.by_status.values())

    @property
    def success_rate(self) -> float | None:
        """Completed out of completed and failed, in percent."""
        ended = self.by_status[TaskStatus.COMPLETED] + self.by_status[TaskStatus.FAILED]
        return round(100 * self.by_status[TaskStatus.COMPLETED] / ended, 2) if ended else None


def task_statistics(seen_by: Rights, days: int | None = None) -> Statistics:
    """The figures; with ``days`` of tasks created since then. The queue and what runs are always those of now."""
    tasks = tasks_seen_by(seen_by).exclude(executor=Executor.SAMPLE).order_by()
    now = timezone.now()
    counted = tasks if days is None else tasks.filter(create_time__gte=now - timedelta(days=days))
    groups = counted.values("status", "student_model", "device", kind=type_of_task()).annotate(
        tasks=Count("id"),
        with_accuracy=Count("accuracy"),
        accuracy_sum=Sum("accuracy"),
        best=Max("best_accuracy"),
        last=Max("accuracy"),
        timed=Count("duration"),
        seconds=Sum("duration"),
    )
    found = _added_up(groups)
    queue = tasks.filter(status__in=ACTIVE).aggregate(
        length=Count("id", filter=Q(status=TaskStatus.QUEUED)),
        oldest=Min("queued_at", filter=Q(status=TaskStatus.QUEUED)),
        running=Count("id", filter=Q(status=TaskStatus.RUNNING)),
    )
    found.queue_length, found.running = queue["length"], queue["running"]
    found.longest_wait = _seconds_since(queue["oldest"], now)
    return found


def _added_up(groups: Iterable[Mapping[str, Any]]) -> Statistics:
    found = Statistics()
    for group in groups:
        # A status that a script wrote by SQL is counted under its own word.
        found.by_status[group["status"]] = found.by_status.get(group["status"], 0) + group["tasks"]
        student = group["student_model"]
        found.by_student[student] = found.by_student.get(student, 0) + group["tasks"]
        _add_type(found.by_type.setdefault(group["kind"], TypeFigures(group["kind"])), group)
        _add_hours(found.hours, group)
    return found


def _add_type(figures: TypeFigures, group: Mapping[str, Any]) -> None:
    figures.tasks += group["tasks"]
    if group["status"] != TaskStatus.COMPLETED:
        return
    figures.completed += group["tasks"]
    figures.with_accuracy += group["with_accuracy"]
    figures.accuracy_sum += float(group["accuracy_sum"] or 0)
    for value in (group["best"], group["last"]):
        if value is not None:
            figures.best_accuracy = max(float(value), figures.best_accuracy or 0.0)


def _add_hours(hours: Hours, group: Mapping[str, Any]) -> None:
    if not group["timed"]:
        return
    spent = float(group["seconds"]) / SECONDS_AN_HOUR
    device = group["device"] or ""
    if device.startswith("cuda"):
        hours.gpu += spent
    elif device.startswith("cpu"):
        hours.cpu += spent
    else:
        hours.unknown += spent
    hours.tasks += group["timed"]


def _seconds_since(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else round(max((now - moment).total_seconds(), 0.0), 1)
