"""Clones of a task: one with changes, or a group over lists of values (see ``sweeps``)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.models import TrainingTask
from distillation.services import sweeps
from distillation.services.audit import audited
from distillation.services.flat import flat
from distillation.services.sweeps import PlannedTask
from distillation.services.tasks import changes_of, insert, with_changes
from distillation.services.value_lists import refused_field

RESERVED = ("changes", "lists", "preview")
"""Keys of a clone request that are not options."""


def clone_task(task: TrainingTask, changes: Mapping[str, Any], actor: str) -> TrainingTask:
    """Create a task with the settings of another and the given changes. Raises InvalidRequest."""
    planned = plan_clones(task, changes, {}, actor)
    marks = {"cloned_from": task.task_id}
    with transaction.atomic():
        if _only_another_seed(task, changes):
            marks["group_id"] = _join_seeds(task, actor)
        return insert([clone.request for clone in planned], actor, **marks)[0]


def split(data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The changes and the lists of a clone request. Changes stand flat in the body or under ``changes``, which wins.

    Raises InvalidRequest when ``changes`` or ``lists`` is not an object.
    """
    flat_changes = {name: value for name, value in data.items() if name not in RESERVED}
    return flat_changes | _object(data, "changes"), _object(data, "lists")


def plan_clones(
    task: TrainingTask, changes: Mapping[str, Any], lists: Mapping[str, Any], actor: str
) -> list[PlannedTask]:
    """Every combination of the lists' values on top of the task and the changes; none is stored.

    Raises InvalidRequest: each problem names the option and the value that it is about.
    """
    changes = changes_of(task, changes)
    return sweeps.plan(with_changes(flat(task), changes), lists, actor, stem=task.task_name, changes=changes)


def save_clones(task: TrainingTask, planned: Sequence[PlannedTask], actor: str) -> list[TrainingTask]:
    """Store the group: all of it or nothing."""
    return sweeps.save(planned, actor, cloned_from=task.task_id)


def _only_another_seed(task: TrainingTask, changes: Mapping[str, Any]) -> bool:
    """Whether a clone repeats the task with another seed; its name may differ, too."""
    changed = changes_of(task, changes)
    before = flat(task)
    differing = {name for name, value in changed.items() if value not in (None, "") and value != before.get(name)}
    return "seed" in differing and differing <= {"seed", "taskName", "description"}


def _join_seeds(task: TrainingTask, actor: str) -> str:
    """The group of a task and its repetitions: told from the task's id, so that whoever comes first makes it.

    The task itself joins where the person owns it.
    """
    group = task.group_id or uuid.uuid5(uuid.NAMESPACE_OID, f"seeds of {task.task_id}").hex
    if task.group_id is None and actor and task.create_by == actor:
        with audited("edit", task, actor):
            TrainingTask.objects.filter(pk=task.pk, group_id=None).update(group_id=group)
            task.refresh_from_db(fields=["group_id"])
    return group


def _object(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise refused_field(name, Sentence(gettext_noop("{option} must be a JSON object."), {"option": name}))
    return value
