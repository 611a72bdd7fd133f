"""Creating and editing tasks; REST, admin and scripts all come through here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from distillation.contract.create_request import CreateRequest
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop
from distillation.contract.training_config import NAME as CONFIG
from distillation.contract.training_config import unpacked
from distillation.models import Executor, TaskStatus, TrainingTask
from distillation.services import audit
from distillation.services.audit import audited
from distillation.services.flat import columns, flat
from distillation.services.surroundings import Surroundings
from distillation.services.validation import checked


def create_task(data: Mapping[str, Any], actor: str) -> TrainingTask:
    """Create a PENDING task from a flat request. Raises InvalidRequest."""
    request = checked(data, Surroundings(actor), default_executor=settings.DISTILLATION_DEFAULT_EXECUTOR)
    return insert([request], actor)[0]


def insert(requests: Sequence[CreateRequest], actor: str, **marks: Any) -> list[TrainingTask]:
    """Store requests that were checked as PENDING tasks: all of them or none. ``marks`` are further columns."""
    with transaction.atomic():
        tasks = [
            TrainingTask.objects.create(**columns(request), create_by=actor, update_by=actor, **marks)
            for request in requests
        ]
        for task in tasks:
            audit.note("create", task, actor)
    return tasks


def edit_task(task: TrainingTask, data: Mapping[str, Any], actor: str) -> TrainingTask:
    """Change a task that has not started; ``data`` holds only what changes.

    With ``updateTime`` in the data the task must be as it was then. Raises InvalidRequest, and Refused when the
    task has started or was changed meanwhile.
    """
    if task.status != TaskStatus.PENDING or task.executor == Executor.SAMPLE:
        raise _not_edited(task)
    _check_unchanged(task, data.get("updateTime"))
    wanted = with_changes(flat(task), changes_of(task, data))
    request = checked(wanted, Surroundings(task.create_by), default_executor=task.executor)
    with audited("edit", task, actor):
        # Two edits that began with the same row would otherwise undo each other, column by column.
        rows = TrainingTask.objects.filter(
            pk=task.pk, status=TaskStatus.PENDING, del_flag=0, update_time=task.update_time
        ).exclude(executor=Executor.SAMPLE)
        if not rows.update(**columns(request), update_by=actor, update_time=timezone.now()):
            raise _not_edited(task)
        task.refresh_from_db()
    return task


def changes_of(task: TrainingTask, data: Mapping[str, Any]) -> dict[str, Any]:
    """The changes, those inside ``trainingConfig`` as flat ones; what it holds as it was is none.

    Raises InvalidRequest when it cannot be read.
    """
    flat_changes = {name: value for name, value in data.items() if name != CONFIG}
    if data.get(CONFIG) == task.training_config:  # a task that is sent back whole, whatever an older row holds
        return flat_changes
    try:
        inside, _unknown = unpacked(data.get(CONFIG))
    except Refused as refused:
        raise InvalidRequest([Problem(CONFIG, refused.sentence)]) from refused
    try:
        before, _unknown = unpacked(task.config)
    except Refused:
        before = {}
    changed = {name: value for name, value in inside.items() if name not in before or value != before[name]}
    return flat_changes | {name: value for name, value in changed.items() if flat_changes.get(name) in (None, "")}


def with_changes(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A flat request with changes; what follows from a field that changes is dropped, so that the new value decides."""
    follows = {
        "datasetId": ("datasetName", "numClasses"),
        "valDatasetId": ("valDatasetName",),
        "studentModel": ("studentModelType", "studentModelSize"),
        "loraPreset": ("loraRank", "loraAlpha", "loraDropout", "loraTargetModules"),
        "epochs": ("totalEpochs",),
    }
    changed = {name for name in changes if name == "epochs" or changes[name] != values.get(name)}
    dropped = {follower for name in changed & set(follows) for follower in follows[name]}
    return {**{name: value for name, value in values.items() if name not in dropped}, **changes}


def _check_unchanged(task: TrainingTask, seen: Any) -> None:
    """Compare to the second, which is what the wire shows."""
    if seen is None or seen == "":
        return
    try:
        moment = parse_datetime(seen) if isinstance(seen, str) else None
        then = None if moment is None else _to_the_second(moment)
    except (ValueError, OverflowError):
        then = None
    if then is None:
        wrong = gettext_noop("{option} must be a time such as 2026-01-31 13:45:00.")
        raise InvalidRequest([Problem("updateTime", Sentence(wrong, {"option": "updateTime"}))])
    if then != _to_the_second(task.update_time):
        raise _changed(task)


def _to_the_second(moment: datetime) -> datetime:
    """Local time without a zone, as the wire shows it."""
    return (timezone.make_naive(moment) if moment.tzinfo else moment).replace(microsecond=0)


def _not_edited(task: TrainingTask) -> Refused:
    task.refresh_from_db()
    params = {"task": task.task_id, "status": task.status}
    if task.executor == Executor.SAMPLE:
        return Refused(Sentence(gettext_noop("{task} is a sample; it cannot be changed. Clone it instead."), params))
    if task.status == TaskStatus.PENDING and not task.del_flag:
        return _changed(task)
    return Refused(
        Sentence(
            gettext_noop("{task} is {status}; only a task that has not started can be changed. Clone it instead."),
            params,
        )
    )


def _changed(task: TrainingTask) -> Refused:
    return Refused(
        Sentence(
            gettext_noop("{task} was changed by {who} in the meantime. Read it again, then send your changes."),
            {"task": task.task_id, "who": task.update_by or "–"},
        )
    )
