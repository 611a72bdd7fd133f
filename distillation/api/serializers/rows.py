"""Rows on the wire, as their serializer declares them but without its machinery.

A serializer builds fifty field objects and asks each of them for every row, and before that Django makes decimals and
aware times of what the driver delivers; together they took nine tenths of the time of a list. A writer reads the
declaration once and turns the driver's values into JSON's.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from rest_framework import serializers

from distillation.api.serializers.fields import RowSerializer

_AS_IT_IS = (
    serializers.CharField, serializers.ChoiceField, serializers.IntegerField, serializers.BigIntegerField,
)  # fmt: skip
"""What the database delivers for these is what JSON takes."""


class RowWriter:
    """Writes what one serializer declares; made once a serializer by :func:`writer`."""

    def __init__(self, declared: type[RowSerializer]) -> None:
        serializer = declared()
        fields = serializer.fields.items()
        model: Any = declared.Meta.model
        columns = {field.attname for field in model._meta.concrete_fields}
        self._blank: dict[str, Any] = dict.fromkeys(serializer.fields)
        self._plain = {key: str(field.source) for key, field in fields if field.source in columns}
        self._convert = [
            (key, field.to_representation)
            for key, field in fields
            if key in self._plain and type(field) not in _AS_IT_IS
        ]
        self._compute: list[tuple[str, Callable[[Any], Any]]] = [
            (key, getattr(serializer, str(field.method_name)))
            for key, field in fields
            if isinstance(field, serializers.SerializerMethodField)
        ]
        self._finish = serializer.finish
        # Once each, since they become the names of a tuple; what only methods read comes last.
        self._columns = tuple(dict.fromkeys([*self._plain.values(), *declared.reads]))
        self._values = attrgetter(*self._columns)
        row_class: Any = namedtuple("Row", self._columns)  # type: ignore[misc] # the columns are known at run time
        self._named = row_class._make

    def rows(self, found: QuerySet[Any]) -> list[dict[str, Any]]:
        """The rows of the query, by one statement; a method gets the driver's values by name for its row."""
        try:
            statement = found.values_list(*self._columns).query.sql_with_params()
        except EmptyResultSet:  # nothing can fulfil the conditions
            return []
        with connection.cursor() as cursor:
            cursor.execute(*statement)
            return [self._write(values, self._named(values)) for values in cursor.fetchall()]

    def row(self, instance: Any) -> dict[str, Any]:
        """One row that is at hand."""
        return self._write(self._values(instance), instance)

    def _write(self, values: Sequence[Any], row: Any) -> dict[str, Any]:
        data = self._blank.copy()
        data.update(zip(self._plain, values, strict=False))
        for key, convert in self._convert:
            if data[key] is not None:
                data[key] = convert(data[key])
        for key, compute in self._compute:
            data[key] = compute(row)
        self._finish(row, data)
        return data


@cache
def writer(declared: type[RowSerializer]) -> RowWriter:
    """The serializer's writer."""
    return RowWriter(declared)
