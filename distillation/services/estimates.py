"""What a run will cost: disk, optimizer steps and, where the like was measured before, time.

A duration is never guessed: without a completed run of the same student, picture size, batch size and device it
is unknown. Samples and tasks of external scripts do not count.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Sum
from django.utils import timezone

from distillation.contract.batches import steps_per_epoch
from distillation.contract.create_request import CreateRequest
from distillation.contract.request import read
from distillation.contract.teachers import TeacherKind, draws_masks
from distillation.datasets.outline import Outline
from distillation.models import Executor, TaskStatus, TrainingHistory, TrainingTask, Worker
from distillation.selectors import WORKER_SILENCE, tasks_seen_by
from distillation.services.disk_space import footprint, free_bytes
from distillation.services.flat import flat
from distillation.services.surroundings import Surroundings
from distillation.services.validation import request_outline

MEASURED, UNKNOWN = "measured", "unknown"
CANDIDATES = 50
"""Completed tasks that are looked at, the newest first."""
MEASURED_FROM = 5
"""Of those alike, how many are averaged."""


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast runs of this kind were, training and validation together."""

    samples_per_second: float
    task_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Estimates:
    """Bytes at most, steps of all arms, seconds of training; None is unknown."""

    disk_free: int
    cache_bytes: int | None = None
    checkpoint_bytes: int | None = None
    steps: int | None = None
    duration_seconds: float | None = None
    speed: Speed | None = None

    @property
    def duration_basis(self) -> str:
        """``measured`` or ``unknown``."""
        return UNKNOWN if self.speed is None else MEASURED


def estimate(request: CreateRequest, around: Surroundings) -> Estimates:
    """What the run of a request, whose shape is right, will cost; of an external one the platform knows nothing."""
    free = free_bytes()
    if request.external or around.unknown_dataset(request.values["datasetId"]) is not None:
        return Estimates(free)
    data = request_outline(request, around)
    if not data.train:
        return Estimates(free)
    kind = around.teacher_kind(request)
    needed = footprint(request, data, kind)
    arms = request.arms()
    samples, steps = _work(request, data, kind)
    speed = measured_speed(request, around)
    return Estimates(
        disk_free=free,
        cache_bytes=needed.cache,
        checkpoint_bytes=needed.checkpoints,
        steps=None if steps is None else arms * steps,
        duration_seconds=None if speed is None else round(arms * samples / speed.samples_per_second, 1),
        speed=speed,
    )


def measured_speed(request: CreateRequest, around: Surroundings) -> Speed | None:
    """What completed tasks of the platform measured with the same student, picture size, batch size and device."""
    tasks = TrainingTask.objects.alive() if around.seen_by is None else tasks_seen_by(around.seen_by)
    candidates = tasks.filter(
        status=TaskStatus.COMPLETED,
        executor=Executor.PLATFORM,
        student_model=request.values["studentModel"],
        batch_size=request.values["batchSize"],
        device__startswith=likely_device(),
        trained_samples__gt=0,
    ).order_by("-id")[:CANDIDATES]
    alike = [task for task in candidates if _is_like(task, request)][:MEASURED_FROM]
    if not alike:
        return None
    seconds = dict(
        TrainingHistory.objects.filter(task__in=alike)
        .order_by()
        .values_list("task_id")
        .annotate(seconds=Sum("epoch_time"))
    )
    timed = {task: float(seconds[task.task_id] or 0) for task in alike if task.task_id in seconds}
    total = sum(timed.values())
    if total <= 0:
        return None
    samples = sum(task.trained_samples or 0 for task in timed)
    return Speed(samples / total, tuple(task.task_id for task in timed))


def likely_device() -> str:
    """``cuda`` when a worker that lives has a GPU, else ``cpu``."""
    living = Worker.objects.filter(seen_at__gte=timezone.now() - WORKER_SILENCE)
    return "cuda" if living.exclude(devices__in=("", "[]")).exists() else "cpu"


def samples_of_epoch(request: CreateRequest, data: Outline, teacher_kind: TeacherKind) -> int:
    """Only a teacher makes unlabelled pictures useful, but for one that needs boxes."""
    return data.train + (0 if request.direct or draws_masks(teacher_kind) else data.unlabeled)


def _work(request: CreateRequest, data: Outline, teacher_kind: TeacherKind) -> tuple[int, int | None]:
    """Samples and optimizer steps of one arm, None where the run chooses the batch size."""
    values = request.values
    pictures = samples_of_epoch(request, data, teacher_kind)
    samples = values["totalEpochs"] * pictures
    if not values["batchSize"]:
        return samples, None
    steps = steps_per_epoch(pictures, values["batchSize"], values["gradAccumSteps"], request.processes())
    return samples, values["totalEpochs"] * steps


def _is_like(task: TrainingTask, request: CreateRequest) -> bool:
    """Whether it had pictures of the same size, and as many GPUs."""
    other, problems = read(flat(task))
    same = other.assumed()
    return not problems and (same.image_size(), same.processes()) == (request.image_size(), request.processes())
