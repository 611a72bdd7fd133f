"""Field types of the wire, and the base that turns columns into camelCase keys."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.timezone import get_default_timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
LENGTH = 19
"""Characters of such a time."""


@extend_schema_field({"type": "number"})
class Figure(serializers.DecimalField):
    """A decimal column as a JSON number: legacy pages call ``.toFixed`` on it."""

    def to_representation(self, value: Any) -> Any:
        """A finite float; JSON knows no other, so the rest is null."""
        number = float(value)
        return number if math.isfinite(number) else None


@extend_schema_field({"type": "number"})
class Measure(serializers.FloatField):
    """A float column as a JSON number."""

    def to_representation(self, value: Any) -> Any:
        """A finite float or null."""
        number = float(value)
        return number if math.isfinite(number) else None


@extend_schema_field({"type": "string", "example": "2026-01-31 13:45:00"})
class LocalTime(serializers.DateTimeField):
    """``YYYY-MM-DD HH:mm:ss`` in the site's time zone."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format=TIME_FORMAT, **options)

    def to_representation(self, value: datetime | str | None) -> Any:
        """The local time as text. What has no zone is local: a driver's value, see ``rows``."""
        if isinstance(value, str):
            value = parse_datetime(value)
        if value is None:
            return None
        local = value if value.tzinfo is None else value.astimezone(get_default_timezone())
        return local.isoformat(" ", "seconds")[:LENGTH]


def camel_case(name: str) -> str:
    """``best_accuracy`` → ``bestAccuracy``, ``map_50`` → ``map50``."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


class RowSerializer(serializers.ModelSerializer[Any]):
    """Columns under camelCase keys; it only reads, since services take the client's data as it is.

    Views write rows with ``rows.writer``, which follows this declaration; what a method or ``finish`` needs beyond the
    columns that are sent stands in ``reads``.
    """

    reads: ClassVar[tuple[str, ...]] = ()

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DecimalField: Figure,
        models.FloatField: Measure,
        models.DateTimeField: LocalTime,
    }

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """The row."""
        data: dict[str, Any] = super().to_representation(instance)
        self.finish(instance, data)
        return data

    def finish(self, row: Any, data: dict[str, Any]) -> None:
        """Change what depends on more than one column."""

    def build_standard_field(self, field_name: str, model_field: Any) -> Any:
        """Without the limits of the database's integers: the schema is the same on every database."""
        field_class, options = super().build_standard_field(field_name, model_field)
        return field_class, {key: value for key, value in options.items() if key not in ("min_value", "max_value")}

    def get_fields(self) -> dict[str, Any]:
        """The declared fields and the columns, in the order of ``Meta.fields``."""
        fields = {}
        for name, field in super().get_fields().items():
            key = camel_case(name)
            if key != name:
                field.source = field.source or name
            field.read_only = True
            fields[key] = field
        return fields
