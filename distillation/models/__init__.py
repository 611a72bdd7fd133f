"""The tables: four shared with existing installations, the rest of ours. Nothing here writes a status."""

from distillation.models.alias import TeacherAlias
from distillation.models.audit import AuditEntry
from distillation.models.choices import SUPERUSER_ROLE, Executor, Intent, Role, TaskStatus, Visibility
from distillation.models.dataset import Dataset
from distillation.models.evaluation import ModelEvaluation
from distillation.models.event_position import EventPosition
from distillation.models.history import TrainingHistory
from distillation.models.inference import InferenceJob, JobStatus
from distillation.models.log_line import LineKind, LogLevel, LogLine, LogSource
from distillation.models.point import MetricPoint, SupersededPoint
from distillation.models.preference import Preference, Theme
from distillation.models.preset import LoraPreset
from distillation.models.quarantine import AdoptionStep, Quarantine, QuarantineReason
from distillation.models.resource_sample import ResourceSample
from distillation.models.saved_view import SavedView
from distillation.models.task import TrainingTask
from distillation.models.team import Team
from distillation.models.token import Scope, ScriptToken
from distillation.models.transition import TaskTransition
from distillation.models.trial import LEFT_AFTER, Trial
from distillation.models.worker import Worker

__all__ = [
    "LEFT_AFTER",
    "SUPERUSER_ROLE",
    "AdoptionStep",
    "AuditEntry",
    "Dataset",
    "EventPosition",
    "Executor",
    "InferenceJob",
    "Intent",
    "JobStatus",
    "LineKind",
    "LogLevel",
    "LogLine",
    "LogSource",
    "LoraPreset",
    "MetricPoint",
    "ModelEvaluation",
    "Preference",
    "Quarantine",
    "QuarantineReason",
    "ResourceSample",
    "Role",
    "SavedView",
    "Scope",
    "ScriptToken",
    "SupersededPoint",
    "TaskStatus",
    "TaskTransition",
    "TeacherAlias",
    "Team",
    "Theme",
    "TrainingHistory",
    "TrainingTask",
    "Trial",
    "Visibility",
    "Worker",
]
