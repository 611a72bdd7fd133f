"""What the front page tells: how it goes, what runs, what waits, who works, what failed, what people did.

Each function is one query, whatever the number of rows; samples and deleted tasks are left out.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import CharField, Count, Exists, F, Func, Max, OuterRef, Q
from django.utils import timezone

from distillation.models import (
    AuditEntry,
    Dataset,
    Executor,
    InferenceJob,
    JobStatus,
    LoraPreset,
    ResourceSample,
    TaskStatus,
    TaskTransition,
    TrainingTask,
    Worker,
)
from distillation.models.task import TaskQuerySet
from distillation.selectors.rights import Rights, visible
from distillation.selectors.task_types import type_of_task
from distillation.selectors.tasks import tasks_seen_by

DAYS = 7
ENDED = (TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.STOPPED)
QUEUE_LOOKED_AT = 1000
SAMPLES_LOOKED_AT = 600
SAMPLE_SECONDS = 300.0
"""Older samples say nothing about now."""
MOST_WORKERS = 50
BEST_SECONDS = 60


@dataclass(slots=True)
class Counts:
    """Tasks of one person's view."""

    by_status: dict[str, int] = field(default_factory=lambda: dict.fromkeys(TaskStatus.values, 0))
    lately: dict[str, int] = field(default_factory=dict)
    """Of those that have ended: how many in the last DAYS."""


@dataclass(frozen=True, slots=True)
class Best:
    """What completed tasks of one type have reached."""

    task_type: str
    completed: int
    accuracy: float | None
    """The highest, in percent, of the metric of the type."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run used of its machine, over the last minutes; None where it cannot be measured."""

    task: int
    at: float
    """Of the last sample, seconds since 1970."""
    cpu: tuple[float | None, ...]
    host_memory: tuple[float | None, ...]
    memory_mb: float | None
    gpu: tuple[float | None, ...]
    gpu_memory_mb: float | None


def counts(seen_by: Rights) -> Counts:
    """Tasks by status, with what has ended lately."""
    week = timezone.now() - timedelta(days=DAYS)
    found = Counts()
    rows = _real(seen_by).order_by().values("status")
    for row in rows.annotate(n=Count("id"), lately=Count("id", filter=Q(end_time__gte=week))):
        found.by_status[row["status"]] = row["n"]
        if row["status"] in ENDED:
            found.lately[row["status"]] = row["lately"]
    return found


def best(seen_by: Rights) -> tuple[list[Best], float]:
    """The best of each task type, most tasks first, and when it was looked for (seconds since 1970).

    Types are told from every task's configuration, which takes too long for every few seconds: kept for a minute.
    """
    who = hashlib.sha256(repr((seen_by.username, sorted(seen_by.roles), sorted(seen_by.teams))).encode()).hexdigest()
    return cache.get_or_set(f"overview-best-{who}", lambda: (_best(seen_by), time.time()), BEST_SECONDS)  # type: ignore[return-value]


def running(seen_by: Rights, most: int) -> TaskQuerySet:
    """What runs, the longest-running first, which keeps its place while others come and go."""
    return _real(seen_by).filter(status=TaskStatus.RUNNING).order_by("start_time", "id")[:most]


def queued(seen_by: Rights, most: int) -> list[tuple[int, TrainingTask]]:
    """The first tasks of the queue that the person may see, each with its place among all."""
    own = visible(TrainingTask.objects.filter(pk=OuterRef("pk")), seen_by)
    columns = ("task_id", "task_name", "teacher_model", "student_model", "training_mode", "queued_at", "priority",
               "status", "executor", "create_by")  # fmt: skip
    rows = TrainingTask.objects.queued().annotate(seen=Exists(own)).only(*columns)[:QUEUE_LOOKED_AT]
    return [(place, task) for place, task in enumerate(rows, 1) if task.seen][:most]  # type: ignore[attr-defined]


def failed(seen_by: Rights, most: int) -> TaskQuerySet:
    """What failed in the last DAYS, the newest first."""
    week = timezone.now() - timedelta(days=DAYS)
    tasks = _real(seen_by).filter(status=TaskStatus.FAILED).filter(Q(end_time__gte=week) | Q(end_time=None))
    return tasks.order_by(F("end_time").desc(nulls_last=True), "-id")[:most]


def workers() -> list[Worker]:
    """Those that are remembered, the last seen first."""
    return list(Worker.objects.order_by("-seen_at", "id")[:MOST_WORKERS])


def busy() -> Counter[str]:
    """Slots that are taken, by the worker's name: runs and labelling jobs, whoever may see them."""
    runs = TrainingTask.objects.alive().filter(status=TaskStatus.RUNNING, executor=Executor.PLATFORM)
    jobs = InferenceJob.objects.filter(status=JobStatus.RUNNING)
    taken = runs.order_by().values_list("lease_owner").union(jobs.order_by().values_list("lease_owner"), all=True)
    return Counter(name for (name,) in taken if name)


def usages() -> dict[str, list[Usage]]:
    """What the runs of each worker use now, by the worker's name."""
    columns = ("task_id", "time", "cpu_percent", "host_memory_percent", "memory_mb", "gpu_percent", "gpu_memory_mb")
    newest = ResourceSample.objects.order_by("-id").values_list(
        *columns, "task__lease_owner", "task__status"
    )[:SAMPLES_LOOKED_AT]  # fmt: skip
    since = time.time() - SAMPLE_SECONDS
    runs: dict[tuple[str, int], list[tuple[Any, ...]]] = {}
    for *sample, worker, status in newest:
        if worker and status == TaskStatus.RUNNING and sample[1] >= since:
            runs.setdefault((worker, sample[0]), []).append(tuple(sample))
    found: dict[str, list[Usage]] = {}
    for (worker, task), samples in runs.items():
        found.setdefault(worker, []).append(_usage(task, samples[::-1]))
    return found


def moves(seen_by: Rights, most: int) -> list[TaskTransition]:
    """The last moves of tasks that the person may see."""
    real = TaskTransition.objects.exclude(task__executor=Executor.SAMPLE).filter(task__del_flag=0)
    if not seen_by.administers:
        real = real.filter(task__in=visible(TrainingTask.objects.alive(), seen_by))
    return list(real.select_related("task").order_by("-id")[:most])


def writes(seen_by: Rights, most: int) -> list[AuditEntry]:
    """What people last did to data sets and presets that the person may see; administrators see other kinds, too."""
    entries = AuditEntry.objects.exclude(kind__in=("trainingtask", "savedview"))
    if not seen_by.administers:
        entries = entries.filter(
            Q(kind="dataset", object_id__in=_keys(Dataset, seen_by))
            | Q(kind="lorapreset", object_id__in=_keys(LoraPreset, seen_by))
        )
    return list(entries.defer("before", "after").order_by("-id")[:most])


def _best(seen_by: Rights) -> list[Best]:
    completed = _real(seen_by).filter(status=TaskStatus.COMPLETED).order_by().values(kind=type_of_task())
    rows = completed.annotate(n=Count("id"), highest=Max("best_accuracy"))
    found = [Best(row["kind"], row["n"], None if row["highest"] is None else float(row["highest"])) for row in rows]
    return sorted(found, key=lambda best: -best.completed)


class _KeyAsText(Func):
    """A primary key as the audit log keeps it. MySQL compares bytes: its texts may not agree on a collation."""

    output_field = CharField()
    template = "CAST(%(expressions)s AS VARCHAR)"

    def as_mysql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """MySQL and MariaDB."""
        return self.as_sql(compiler, connection, template="CAST(%(expressions)s AS BINARY)", **extra)


def _keys(model: Any, seen_by: Rights) -> Any:
    return visible(model.objects.all(), seen_by).order_by().values(key=_KeyAsText(F("pk")))


def _real(seen_by: Rights) -> TaskQuerySet:
    return tasks_seen_by(seen_by).exclude(executor=Executor.SAMPLE)


def _usage(task: int, samples: list[tuple[Any, ...]]) -> Usage:
    _task, times, cpu, host, memory, gpu, gpu_memory = zip(*samples, strict=True)
    return Usage(task, times[-1], cpu, host, memory[-1], gpu, gpu_memory[-1])


def newest(values: Iterable[float | None]) -> float | None:
    """The last one that was measured."""
    return next((value for value in reversed(tuple(values)) if value is not None), None)
