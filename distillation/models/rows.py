"""Many rows in one statement, from plain tuples: model instances would cost several times as much.

For the tables that grow; the values must be what the database's driver takes, which numbers and texts are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, models

BATCH = 1000
"""Rows a statement: more make MySQL's packets large and win nothing."""


def upsert(
    model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]], *, unique: Sequence[str]
) -> None:
    """Insert rows; where the unique columns are taken, the new row's other columns replace the old one's."""
    replaced = [column for column in columns if column not in unique]
    statement = _insert(model, columns) + _on_conflict(unique, replaced)
    with connection.cursor() as cursor:
        for begin in range(0, len(rows), BATCH):
            cursor.executemany(statement, rows[begin : begin + BATCH])


def _insert(model: type[models.Model], columns: Sequence[str]) -> str:
    names = ", ".join(_quoted(column) for column in columns)
    places = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {_quoted(model._meta.db_table)} ({names}) VALUES ({places})"  # noqa: S608 - names of ours


def _on_conflict(unique: Sequence[str], replaced: Sequence[str]) -> str:
    if connection.vendor == "mysql":
        # mysqlclient joins the rows into one statement only before ON DUPLICATE, so MySQL's newer ``AS new`` is out.
        changes = ", ".join(f"{_quoted(name)} = VALUES({_quoted(name)})" for name in replaced)
        return f" ON DUPLICATE KEY UPDATE {changes}"
    target = ", ".join(_quoted(name) for name in unique)
    changes = ", ".join(f"{_quoted(name)} = EXCLUDED.{_quoted(name)}" for name in replaced)
    return f" ON CONFLICT ({target}) DO UPDATE SET {changes}"


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
