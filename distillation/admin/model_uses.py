"""What a finished model is good for from its task's page: each use with its address, or why it is not to be had."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from distillation.admin.access import held
from distillation.contract.sentence import Refused
from distillation.models import TaskStatus, TrainingTask
from distillation.models.sentences import translate
from distillation.services.inference import model_to_label
from distillation.services.smaller import smaller
from distillation.services.trials import task_type_of


@dataclass(frozen=True, slots=True)
class Use:
    """One button."""

    name: str
    label: str
    icon: str
    url: str
    reason: str
    """Why it cannot be used; empty where it can."""


def uses(task: TrainingTask, request: HttpRequest) -> list[Use]:
    """Of a finished task, for those who may use models; nothing for others."""
    if task.status != TaskStatus.COMPLETED or task.del_flag or not held(request).may_use_models:
        return []
    return [
        *_distilling(task, request),
        Use("try", _("Try it"), "experiment", reverse("admin:try", args=[task.pk]), _reason(task_type_of, task)),
        Use("label", _("Label a folder"), "label", reverse("admin:label", args=[task.pk]),
            _reason(model_to_label, task)),
    ]  # fmt: skip


def _distilling(task: TrainingTask, request: HttpRequest) -> list[Use]:
    """The form of a new task with this one as the teacher; nothing where it cannot teach or nobody is smaller."""
    if not held(request).may_create or not smaller(task):
        return []
    form = reverse("admin:distillation_trainingtask_add")
    return [Use("distil", _("Distil a smaller model"), "compress", f"{form}?teacher={task.task_id}#step-models", "")]


def _reason(check: Callable[[TrainingTask], Any], task: TrainingTask) -> str:
    try:
        check(task)
    except Refused as refused:
        return translate(refused.sentence)
    return ""
