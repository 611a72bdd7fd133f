"""Figures on their way into decimal columns: never an error, never a wrong digit more than needed."""

from __future__ import annotations

import math
from decimal import Decimal

from django.db.models import DecimalField

from distillation.models import ModelEvaluation, TrainingHistory, TrainingTask

Figures = type[TrainingTask] | type[TrainingHistory] | type[ModelEvaluation]


def fit(model: Figures, column: str, value: float | None) -> Decimal | None:
    """The value as the column can keep it: NULL for one that is not finite, the limit for a larger one.

    MySQL's strict mode would otherwise stop the ingest of a whole run for one absurd figure.
    """
    if value is None or not math.isfinite(value):
        return None
    field = model._meta.get_field(column)
    if not isinstance(field, DecimalField):
        raise TypeError(f"{column} is no decimal column")
    digits, places = field.max_digits, field.decimal_places
    limit = Decimal(10) ** (digits - places) - Decimal(10) ** -places
    number = Decimal(repr(float(value))) if abs(value) < 1e15 else Decimal(math.copysign(1e15, value))
    return round(max(-limit, min(limit, number)), places)
