"""What each shared column takes, read off the first migration."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache

from django.apps import apps as current
from django.db import models
from django.db.migrations.loader import MigrationLoader
from django.db.models.expressions import Expression
from django.db.models.fields import NOT_PROVIDED

TASK, HISTORY, EVALUATION, PRESET = (
    "md_training_task", "md_training_history", "md_model_evaluation", "md_lora_preset",
)  # fmt: skip
SHARED_TABLES = (PRESET, TASK, HISTORY, EVALUATION)
"""In the order in which they are filled: a task before what points at it."""
REQUIRED = {
    TASK: ("id", "task_id"), HISTORY: ("id", "task_id", "epoch"), EVALUATION: ("id", "task_id"),
    PRESET: ("id", "preset_name"),
}  # fmt: skip
"""Without these columns a table is not one of such an installation."""
FIRST = ("distillation", "0001_initial")

_OURS = frozenset({
    "executor", "intent", "priority", "queued_at", "fresh", "attempt", "lost_count", "lease_owner", "lease_until",
    "lost_contact_at", "phase", "device", "best_epoch", "trained_samples", "samples_per_second", "estimated_time",
    "memory_used", "error_detail", "model_sha256",
})  # fmt: skip
"""Columns that the first migration adds to the tasks."""
_JSON: dict[str, tuple[type, ...]] = {
    "training_config": (dict,), "target_modules": (list,), "detailed_results": (dict, list),
}  # fmt: skip
_MODELS = {TASK: "TrainingTask", HISTORY: "TrainingHistory", EVALUATION: "ModelEvaluation", PRESET: "LoraPreset"}
_TEXT_BYTES = 65_535
_BYTES = {"TinyIntegerField": 1, "IntegerField": 4, "BigIntegerField": 8}


class Kind(Enum):
    """How a text is read."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MOMENT = "moment"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Rule:
    """One column: its kind, whether it may be NULL, its limits, and the database's default as text."""

    name: str
    kind: Kind
    nullable: bool
    default: str | None = None
    characters: int | None = None
    size: int | None = None
    """Bytes in UTF-8, for ``text`` columns."""
    bits: int = 32
    digits: int = 0
    places: int = 0
    holds: tuple[type, ...] = ()
    """What the JSON may be."""


@cache
def rules(table: str) -> dict[str, Rule]:
    """The shared columns of the table (without ``id``) at the first migration, by name."""
    state = MigrationLoader(None).project_state(FIRST)
    model = state.apps.get_model("distillation", _MODELS[table])
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    return {field.column: _rule(field) for field in fields if not (table == TASK and field.column in _OURS)}


@cache
def reserved(table: str) -> frozenset[str]:
    """Names of columns of this version that no legacy table shares."""
    model = current.get_model("distillation", _MODELS[table])
    return frozenset(field.column for field in model._meta.concrete_fields) - {"id", *rules(table)}


def _rule(field: models.Field) -> Rule:  # type: ignore[type-arg]
    default = field.db_default
    text = None if default is NOT_PROVIDED or isinstance(default, Expression) else str(default)
    name, nullable = str(field.column), field.null
    characters = field.max_length
    if name in _JSON:
        size = None if characters else _TEXT_BYTES
        return Rule(name, Kind.JSON, nullable, characters=characters, size=size, holds=_JSON[name])
    if isinstance(field, models.ForeignKey):
        return Rule(name, Kind.TEXT, nullable, characters=field.target_field.max_length)
    if isinstance(field, models.DateTimeField):
        return Rule(name, Kind.MOMENT, nullable)
    if isinstance(field, models.DecimalField):
        return Rule(name, Kind.DECIMAL, nullable, text, digits=field.max_digits or 0, places=field.decimal_places or 0)
    if isinstance(field, models.IntegerField):
        return Rule(name, Kind.INTEGER, nullable, text, bits=8 * _BYTES[type(field).__name__])
    return Rule(name, Kind.TEXT, nullable, text, characters=characters, size=None if characters else _TEXT_BYTES)
