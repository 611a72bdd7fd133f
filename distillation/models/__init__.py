"""The tables: four shared with existing installations, the rest of ours. Nothing here writes a status."""

from distillation.models.choices import Executor, Intent, TaskStatus
from distillation.models.evaluation import ModelEvaluation
from distillation.models.history import TrainingHistory
from distillation.models.preset import LoraPreset
from distillation.models.task import TrainingTask
from distillation.models.transition import TaskTransition
from distillation.models.worker import Worker

__all__ = [
    "Executor",
    "Intent",
    "LoraPreset",
    "ModelEvaluation",
    "TaskStatus",
    "TaskTransition",
    "TrainingHistory",
    "TrainingTask",
    "Worker",
]
