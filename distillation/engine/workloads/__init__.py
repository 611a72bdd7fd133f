"""The kinds of tasks, each behind the interface of ``workload``."""

from __future__ import annotations

from collections.abc import Callable

from distillation.contract import teachers as catalogue
from distillation.engine.context import Context
from distillation.engine.workloads.classification import PictureClassification
from distillation.engine.workloads.detection import Detection
from distillation.engine.workloads.prompted import PromptedSegmentation
from distillation.engine.workloads.segmentation import Segmentation
from distillation.engine.workloads.sequence import SequenceClassification
from distillation.engine.workloads.text import TextClassification
from distillation.engine.workloads.workload import Workload

_KINDS: dict[str, Callable[[Context], Workload]] = {
    "classification": PictureClassification,
    "detection": Detection,
    "segmentation": Segmentation,
    "sequence": SequenceClassification,
    "text": TextClassification,
}


def of(context: Context) -> Workload:
    """The workload of the run's kind of task; nothing is read yet."""
    teacher = context.spec.teacher
    if teacher is not None and catalogue.draws_masks(teacher.kind) and context.spec.task_type == "segmentation":
        return PromptedSegmentation(context)
    return _KINDS[context.spec.task_type](context)
