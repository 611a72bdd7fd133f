"""What the accuracy of a task is called on its pages: of each type of task it is another metric."""

from __future__ import annotations

from django.utils.translation import gettext as _

from distillation.contract.task_types import type_of_name
from distillation.models import TrainingTask

_NAMES = {"detection": "mAP50", "segmentation": "mIoU"}


def metric(task: TrainingTask) -> str:
    """Short, in the reader's language."""
    return special(task) or _("Accuracy")


def metric_of_type(kind: str) -> str:
    """The same for a type of task."""
    return _NAMES.get(kind, "") or _("Accuracy")


def special(task: TrainingTask) -> str:
    """The name where it is another than accuracy, else empty."""
    return _NAMES.get(kind(task), "")


def kind(task: TrainingTask) -> str:
    """The type of the task: what its configuration states, else what the student's name says."""
    stated = task.config.get("taskType")
    return stated if isinstance(stated, str) and stated else type_of_name(task.student_model)
