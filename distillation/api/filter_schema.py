"""The query parameters of a filter set for the schema: descriptions, choices and limits are the filters' own."""

from __future__ import annotations

from typing import Any

import django_filters
from drf_spectacular.utils import OpenApiParameter

from distillation.api.schema import query_parameter
from distillation.api.schema_values import PERCENT, choice, words
from distillation.selectors import task_filters

TIME = {"type": "string", "anyOf": [{"format": "date-time"}, {"maxLength": 0}]}


def filter_parameters(filters: type[django_filters.FilterSet]) -> tuple[OpenApiParameter, ...]:
    """One optional parameter for each filter."""
    return tuple(query_parameter(name, kind.label, _schema(kind)) for name, kind in filters.base_filters.items())


def any_case(values: list[str]) -> dict[str, Any]:
    """One of the words in capitals or not, or none."""
    spelled = ["".join(f"[{letter}{letter.lower()}]" for letter in value) for value in values]
    return {"type": "string", "pattern": f"^ *({'|'.join(spelled)})? *$"}


def _schema(kind: django_filters.Filter) -> dict[str, Any]:
    values = [value for value, _label in kind.extra.get("choices", ())]
    if isinstance(kind, task_filters.Ordering):
        return words(values, around="")
    if isinstance(kind, task_filters.Status):
        return any_case(values)
    if values:
        return choice(values)
    if isinstance(kind, django_filters.NumberFilter):
        return PERCENT
    if isinstance(kind, task_filters.Moment):
        return TIME
    return {"type": "string", "maxLength": task_filters.LONGEST}
