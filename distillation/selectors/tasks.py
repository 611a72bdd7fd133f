"""Tasks, models and data sets as lists and pages read them, each narrowed to what the reader may see."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Count, F, OuterRef, Subquery

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.datasets.catalogue import list_datasets
from distillation.models import Dataset, Executor, ModelEvaluation, TaskStatus, TeacherAlias, TrainingTask
from distillation.models.task import TaskQuerySet
from distillation.selectors.rights import Rights, rights, visible
from distillation.selectors.task_filters import filter_models
from distillation.storage.local import is_bound, model_directories, model_file, relative
from distillation.storage.model_layout import use_problem


def visible_tasks(user: User | AnonymousUser) -> TaskQuerySet:
    """The tasks that the user may see, newest first."""
    return tasks_seen_by(rights(user))


def tasks_seen_by(seen_by: Rights) -> TaskQuerySet:
    """The tasks that somebody with these rights may see, newest first."""
    return visible(TrainingTask.objects.alive(), seen_by).newest_first()


def find_task(user: User | AnonymousUser, task_id: str) -> TrainingTask:
    """One visible task, with what an alias makes of its teacher (``stand_in``). Raises TrainingTask.DoesNotExist."""
    alias = TeacherAlias.objects.filter(alias=OuterRef("teacher_model"))
    # The alias too: to some databases one in other case is the same.
    named = {"stand_in_for": Subquery(alias.values("alias")[:1]), "stand_in": Subquery(alias.values("teacher")[:1])}
    return visible_tasks(user).annotate(**named).get(task_id=task_id)


def find_own_task(user: User | AnonymousUser, task_id: str) -> TrainingTask | None:
    """A task of the user, or None; scripts report about theirs, and the general question costs more to ask."""
    name = rights(user).username
    own = TrainingTask.objects.alive().filter(task_id=task_id, create_by=name).order_by()
    # The database's idea of an equal name may be wider than ours.
    return next((task for task in own if rights(user).owns(task.create_by)), None) if name else None


def completed_models(user: User | AnonymousUser, asked: Mapping[str, str]) -> TaskQuerySet:
    """COMPLETED tasks, the most accurate first, narrowed as asked (see ``task_filters``). Raises InvalidRequest."""
    tasks = filter_models(visible_tasks(user).filter(status=TaskStatus.COMPLETED), asked)
    return tasks.order_by(F("accuracy").desc(nulls_last=True), "-create_time", "-id")


def usable(task: TrainingTask) -> Sentence | None:
    """None when the task's model can be used for annotation or as a teacher, else the reason."""
    params = {"task": task.task_id, "status": task.status}
    if task.executor == Executor.SAMPLE:
        return Sentence(gettext_noop("{task} is a sample; it has no model."), params)
    if task.status != TaskStatus.COMPLETED:
        return Sentence(gettext_noop("{task} is {status}; its model is not finished."), params)
    if not task.model_path:
        return Sentence(gettext_noop("{task} has no model file."), params)
    file = model_of(task)
    if file is not None:
        return use_problem(file) if is_bound(file) else None
    if _only_reported(task):
        template = gettext_noop(
            "The script of {task} says that its model is {path}, somewhere else. Copy it below the models root and "
            "bind it to the task."
        )
    else:
        template = gettext_noop("The model file of {task} is not below the home: {path}.")
    return Sentence(template, {**params, "path": task.model_path})


def model_of(task: TrainingTask) -> Path | None:
    """The task's model file: trained here, or bound and checked. What a script only reported is never opened."""
    return None if _only_reported(task) else model_file(task.model_path)


def _only_reported(task: TrainingTask) -> bool:
    return bool(task.executor == Executor.EXTERNAL and not task.model_sha256)


def teachers(user: User | AnonymousUser) -> list[tuple[str, str]]:
    """Who can teach, as (value, label): completed tasks with a model, then model directories."""
    tasks = visible_tasks(user).filter(status=TaskStatus.COMPLETED).exclude(executor=Executor.SAMPLE)
    ours = [
        (task.task_id, f"{task.task_name} · {task.student_model} · {task.task_id}")
        for task in tasks.exclude(model_path=None)[:500]
        if usable(task) is None
    ]
    return [*ours, *((name, name) for name in model_directories())]


def datasets(user: User | AnonymousUser) -> list[dict[str, Any]]:
    """The data sets below the root that the user may see, with classes, counts and problems (sentences)."""
    root = Path(settings.DATASETS_ROOT)
    registered = {row.dataset_id: row for row in Dataset.objects.all()}
    hidden = hidden_datasets(rights(user))
    return [
        {
            "value": found.id,
            "label": (registered[found.id].dataset_name if found.id in registered else "") or found.name,
            "type": found.type,
            "path": relative(root / found.id),
            "description": (registered[found.id].description if found.id in registered else "") or found.description,
            "classes": list(found.classes),
            "train": found.train,
            "val": found.val,
            "unlabeled": found.unlabeled,
            "problems": list(found.problems),
        }
        for found in list_datasets(root)
        if found.id not in hidden and (rights(user).has_role or found.id in registered)
    ]


def hidden_datasets(seen_by: Rights) -> set[str]:
    """Folders that are registered, but not for somebody with these rights."""
    seen = visible(Dataset.objects.all(), seen_by).order_by().values("pk")
    return set(Dataset.objects.exclude(pk__in=seen).values_list("dataset_id", flat=True))


def best_evaluation(task: TrainingTask) -> ModelEvaluation | None:
    """The one with the highest F1, then mAP50."""
    return task.evaluations.order_by(
        F("f1_score").desc(nulls_last=True), F("map_50").desc(nulls_last=True), "-id"
    ).first()


def status_counts(seen_by: Rights) -> dict[str, int]:
    """Tasks by status that somebody with these rights may see, without samples; every status is there."""
    rows = tasks_seen_by(seen_by).exclude(executor=Executor.SAMPLE).order_by().values("status").annotate(n=Count("id"))
    return dict.fromkeys(TaskStatus.values, 0) | {row["status"]: row["n"] for row in rows}
