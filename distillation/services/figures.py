"""Figures on their way into decimal columns: never an error, never a wrong digit more than needed."""

from __future__ import annotations

import math
from decimal import Decimal
from functools import cache

from django.db.models import DecimalField

from distillation.models import ModelEvaluation, TrainingHistory, TrainingTask

Figures = type[TrainingTask] | type[TrainingHistory] | type[ModelEvaluation]


def fit(model: Figures, column: str, value: float | None) -> Decimal | None:
    """The value as the column can keep it: NULL for one that is not finite, the limit for a larger one.

    MySQL's strict mode would otherwise stop the ingest of a whole run for one absurd figure.
    """
    fitted = fit_float(model, column, value)
    return None if fitted is None else round(Decimal(repr(fitted)), _shape(model, column)[1])


def fit_float(model: Figures, column: str, value: float | None) -> float | None:
    """The same as a float, for rows that are written by the thousand: the column makes a decimal of it anyway."""
    if value is None or not math.isfinite(value):
        return None
    limit, places = _shape(model, column)
    return round(max(-limit, min(limit, float(value))), places)


def largest(model: Figures, column: str) -> float:
    """The largest number that the column keeps."""
    return _shape(model, column)[0]


@cache
def _shape(model: Figures, column: str) -> tuple[float, int]:
    """The largest number that the column keeps, and its decimals."""
    field = model._meta.get_field(column)
    if not isinstance(field, DecimalField):
        raise TypeError(f"{column} is no decimal column")
    return float(Decimal(10) ** (field.max_digits - field.decimal_places) - Decimal(10) ** -field.decimal_places), (
        field.decimal_places
    )
