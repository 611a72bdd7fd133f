"""Whose a task is. Tasks of older installations may have no owner; an administrator can become it."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.models import TrainingTask
from distillation.services.audit import audited


def take_over(task: TrainingTask, actor: str) -> None:
    """Make the person the owner of a task that has none. Raises Refused when it has one."""
    with audited("take_over", task, actor):
        ownerless = TrainingTask.objects.filter(Q(create_by=None) | Q(create_by=""), pk=task.pk)
        taken = ownerless.update(create_by=actor, update_by=actor, update_time=timezone.now())
        task.refresh_from_db()
        if not taken:
            raise Refused(
                Sentence(
                    gettext_noop("{task} belongs to {owner} already."), {"task": task.task_id, "owner": task.create_by}
                )
            )
