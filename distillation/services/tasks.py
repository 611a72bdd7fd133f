"""Creating, editing and cloning tasks; REST, admin and scripts all come through here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from distillation.contract.request import CreateRequest, parse
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.outline import outline
from distillation.models import TaskStatus, TrainingTask
from distillation.services.flat import columns, flat
from distillation.services.validation import check_create


def create_task(data: Mapping[str, Any], actor: str) -> TrainingTask:
    """Create a PENDING task from a flat request. Raises InvalidRequest."""
    request = parse(data, default_executor=settings.DISTILLATION_DEFAULT_EXECUTOR)
    check_create(request)
    return TrainingTask.objects.create(**_columns(request), create_by=actor, update_by=actor)


def edit_task(task: TrainingTask, data: Mapping[str, Any], actor: str) -> TrainingTask:
    """Change a task that has not started; ``data`` holds only what changes.

    Raises InvalidRequest, and Refused when the task has started meanwhile.
    """
    request = parse({**_forgetting(flat(task), data), **data}, default_executor=task.executor)
    check_create(request)
    with transaction.atomic():
        rows = TrainingTask.objects.filter(pk=task.pk, status=TaskStatus.PENDING, del_flag=0)
        if not rows.update(**_columns(request), update_by=actor, update_time=timezone.now()):
            task.refresh_from_db()
            raise Refused(
                Sentence(
                    gettext_noop(
                        "{task} is {status}; only a task that has not started can be changed. Clone it instead."
                    ),
                    {"task": task.task_id, "status": task.status},
                )
            )
    task.refresh_from_db()
    return task


def clone_task(task: TrainingTask, changes: Mapping[str, Any], actor: str) -> TrainingTask:
    """Create a task with the settings of another and the given changes. Raises InvalidRequest."""
    name = f"{task.task_name} (2)"[-255:]
    return create_task({**_forgetting(flat(task), changes), "taskName": name, **changes}, actor)


def _forgetting(values: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Drop what follows from a field that changes, so that the new value decides."""
    follows = {
        "datasetId": ("datasetName", "numClasses"),
        "valDatasetId": ("valDatasetName",),
        "studentModel": ("studentModelType", "studentModelSize"),
        "loraPreset": ("loraRank", "loraAlpha", "loraDropout"),
        "epochs": ("totalEpochs",),
    }
    changed = {name for name in changes if name == "epochs" or changes[name] != values.get(name)}
    dropped = {follower for name in changed & set(follows) for follower in follows[name]}
    return {name: value for name, value in values.items() if name not in dropped}


def _columns(request: CreateRequest) -> dict[str, Any]:
    values = columns(request)
    if not request.external:
        root = Path(settings.DATASETS_ROOT)
        for key in ("dataset", "val_dataset"):
            if values[f"{key}_id"] and not values[f"{key}_name"]:
                values[f"{key}_name"] = outline(root / values[f"{key}_id"]).name[:255]
    return values
