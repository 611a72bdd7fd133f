"""Read models for pages and API: what is shown, to whom, in which order."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Count, F, Q
from django.utils import timezone

from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Problem, Sentence, gettext_noop
from distillation.datasets.catalogue import list_datasets
from distillation.models import Executor, ModelEvaluation, TaskStatus, TrainingTask, Worker
from distillation.models.task import TaskQuerySet
from distillation.storage.local import model_directories, model_file, relative

WORKER_SILENCE = timedelta(seconds=30)
"""A worker that has not been seen for this long is taken for absent."""

ORDERINGS = {
    "createTime": "create_time",
    "updateTime": "update_time",
    "taskName": "task_name",
    "status": "status",
    "progress": "progress",
    "accuracy": "accuracy",
    "bestAccuracy": "best_accuracy",
    "loss": "loss",
    "priority": "priority",
    "startTime": "start_time",
    "endTime": "end_time",
    "duration": "duration",
}


def visible_tasks(user: User | AnonymousUser) -> TaskQuerySet:
    """The tasks that the user may see, newest first."""
    return TrainingTask.objects.alive().newest_first()


def find_task(user: User | AnonymousUser, task_id: str) -> TrainingTask:
    """One visible task. Raises TrainingTask.DoesNotExist."""
    return visible_tasks(user).get(task_id=task_id)


def filter_tasks(
    tasks: TaskQuerySet,
    *,
    status: str = "",
    keyword: str = "",
    teacher_model: str = "",
    student_model: str = "",
    owner: str = "",
    ordering: str = "",
) -> TaskQuerySet:
    """Narrow and sort; an empty string means no filter. Raises InvalidRequest for unknown words."""
    problems: list[Problem] = []
    if status:
        if status.upper() not in TaskStatus.values:
            problems.append(_unknown("status", status, TaskStatus.values))
        tasks = tasks.filter(status=status.upper())
    if keyword:
        tasks = tasks.filter(
            Q(task_name__icontains=keyword) | Q(task_id__icontains=keyword) | Q(description__icontains=keyword)
        )
    for column, value in (("teacher_model", teacher_model), ("student_model", student_model), ("create_by", owner)):
        if value:
            tasks = tasks.filter(**{column: value})
    if ordering:
        column_ = ORDERINGS.get(ordering.lstrip("-"))
        if column_ is None:
            problems.append(_unknown("ordering", ordering, list(ORDERINGS)))
        else:
            field = F(column_)
            by = field.desc(nulls_last=True) if ordering.startswith("-") else field.asc(nulls_last=True)
            tasks = tasks.order_by(by, "-id")
    if problems:
        raise InvalidRequest(problems)
    return tasks


def completed_models(
    user: User | AnonymousUser,
    *,
    min_accuracy: Decimal | None = None,
    teacher_model: str = "",
    student_model: str = "",
    task_type: str = "",
) -> TaskQuerySet:
    """COMPLETED tasks, the most accurate first."""
    tasks = visible_tasks(user).filter(status=TaskStatus.COMPLETED)
    if min_accuracy is not None:
        tasks = tasks.filter(accuracy__gte=min_accuracy)
    if teacher_model:
        tasks = tasks.filter(teacher_model=teacher_model)
    if student_model:
        tasks = tasks.filter(student_model=student_model)
    if task_type:
        tasks = tasks.filter(pk__in=[task.pk for task in tasks.only("pk", "student_model", "training_config")
                                     if task_type_of(task) == task_type])  # fmt: skip
    return tasks.order_by(F("accuracy").desc(nulls_last=True), "-create_time", "-id")


def task_type_of(task: TrainingTask) -> str:
    """What the task's model does: stated in the configuration, otherwise by the student's name."""
    stated = task.config.get("taskType")
    if isinstance(stated, str) and stated:
        return stated
    families = {"yolo": "detection", "unet": "segmentation", "lstm": "sequence"}
    name = task.student_model.lower()
    return next((kind for family, kind in families.items() if name.startswith(family)), "classification")


def usable(task: TrainingTask) -> Sentence | None:
    """None when the task's model can be used for annotation or as a teacher, else the reason."""
    params = {"task": task.task_id, "status": task.status}
    if task.executor == Executor.SAMPLE:
        return Sentence(gettext_noop("{task} is a sample; it has no model."), params)
    if task.status != TaskStatus.COMPLETED:
        return Sentence(gettext_noop("{task} is {status}; its model is not finished."), params)
    if not task.model_path:
        return Sentence(gettext_noop("{task} has no model file."), params)
    if model_file(task.model_path) is None:
        return Sentence(
            gettext_noop("The model file of {task} is not below the home: {path}."), {**params, "path": task.model_path}
        )
    return None


def teachers(user: User | AnonymousUser) -> list[tuple[str, str]]:
    """Who can teach, as (value, label): completed tasks with a model, then model directories."""
    tasks = visible_tasks(user).filter(status=TaskStatus.COMPLETED).exclude(executor=Executor.SAMPLE)
    ours = [
        (task.task_id, f"{task.task_name} · {task.student_model} · {task.task_id}")
        for task in tasks.exclude(model_path=None)[:500]
        if usable(task) is None
    ]
    return [*ours, *((name, name) for name in model_directories())]


def datasets() -> list[dict[str, Any]]:
    """Every data set below the root, with its classes, counts and problems (sentences)."""
    root = Path(settings.DATASETS_ROOT)
    return [
        {
            "value": found.id,
            "label": found.name,
            "type": found.type,
            "path": relative(root / found.id),
            "description": found.description,
            "classes": list(found.classes),
            "train": found.train,
            "val": found.val,
            "unlabeled": found.unlabeled,
            "problems": list(found.problems),
        }
        for found in list_datasets(root)
    ]


def best_evaluation(task: TrainingTask) -> ModelEvaluation | None:
    """The one with the highest F1, then mAP50."""
    return task.evaluations.order_by(
        F("f1_score").desc(nulls_last=True), F("map_50").desc(nulls_last=True), "-id"
    ).first()


def status_counts() -> dict[str, int]:
    """Tasks by status, without samples and deleted ones; every status is there."""
    rows = (
        TrainingTask.objects.alive()
        .exclude(executor=Executor.SAMPLE)
        .order_by()
        .values("status")
        .annotate(n=Count("id"))
    )
    return dict.fromkeys(TaskStatus.values, 0) | {row["status"]: row["n"] for row in rows}


def newest_worker() -> Worker | None:
    """The worker that was seen last."""
    return Worker.objects.order_by("-seen_at").first()


def worker_seen() -> bool:
    """Whether a worker lives, as far as is known."""
    return Worker.objects.filter(seen_at__gte=timezone.now() - WORKER_SILENCE).exists()


def queue_position(task: TrainingTask) -> int | None:
    """1 for the task that leaves the queue next; None when it does not wait."""
    if task.status != TaskStatus.QUEUED:
        return None
    same = Q(priority=task.priority)
    ahead = Q(priority__gt=task.priority)
    if task.queued_at is None:  # a row that was queued by SQL: it leaves with the first of its priority
        ahead |= same & Q(queued_at=None, id__lt=task.pk)
    else:
        ahead |= same & (Q(queued_at=None) | Q(queued_at__lt=task.queued_at))
        ahead |= same & Q(queued_at=task.queued_at, id__lt=task.pk)
    return TrainingTask.objects.queued().filter(ahead).count() + 1


def waiting_reason(task: TrainingTask) -> Sentence | None:
    """What a queued task waits for."""
    position = queue_position(task)
    if position is None:
        return None
    worker = newest_worker()
    if worker is None:
        return Sentence(gettext_noop("No worker has ever been seen. Start one: manage.py run_worker."))
    if worker.seen_at < timezone.now() - WORKER_SILENCE:
        return Sentence(
            gettext_noop("No worker has been seen since {time}. Start one: manage.py run_worker."),
            {"time": timezone.localtime(worker.seen_at).strftime("%Y-%m-%d %H:%M:%S")},
        )
    return Sentence(
        gettext_noop("Number {position} in the queue; every slot of the workers is busy or about to be filled."),
        {"position": position},
    )


def _unknown(name: str, value: str, available: list[str]) -> Problem:
    return Problem(
        name,
        Sentence(
            gettext_noop("{option} cannot be {value}; available: {available}."),
            {"option": name, "value": value[:50], "available": ", ".join(available)},
        ),
    )
