"""Columns that an installation added to the shared tables: they stay, with their values, and may be left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper

from distillation.management.adoption.columns import reserved, rules
from distillation.management.adoption.schema import Table, quoted

_CHARSET = re.compile(r"\s+(CHARACTER SET|COLLATE)\s+\w+", re.IGNORECASE)
_PREFIX = "legacy_"
"""Before a name that this version uses for a column of its own."""


@dataclass(frozen=True, slots=True)
class Extra:
    """A column beyond the shared ones."""

    name: str
    new_name: str


def extra_columns(name: str, table: Table) -> Iterator[Extra]:
    """Columns to carry over; ``name`` is the shared table's own name."""
    for key, column in table.columns.items():
        if key != "id" and key not in rules(name) and not column.generated:
            yield Extra(column.name, f"{_PREFIX}{column.name}" if key in reserved(name) else column.name)


def computed_columns(name: str, table: Table) -> list[str]:
    """Columns that the server computes from others; nothing is lost with them."""
    return [column.name for key, column in table.columns.items() if key not in rules(name) and column.generated]


def add(cursor: CursorWrapper, name: str, table: Table) -> list[str]:
    """Make the extra columns in the new table; the names."""
    extras = list(extra_columns(name, table))
    definitions = _definitions(cursor, table.name) if extras else {}
    for extra in extras:
        cursor.execute(f"ALTER TABLE {quoted(name)} ADD COLUMN {quoted(extra.new_name)} {definitions[extra.name]}", [])
    return [extra.new_name for extra in extras]


def copy(cursor: CursorWrapper, name: str, table: Table) -> None:
    """Take their values over; both tables have the same types, so the server copies."""
    pairs = ", ".join(
        f"new.{quoted(extra.new_name)} = old.{quoted(extra.name)}" for extra in extra_columns(name, table)
    )
    if pairs:
        cursor.execute(f"UPDATE {quoted(name)} new JOIN {quoted(table.name)} old ON old.id = new.id SET {pairs}")  # noqa: S608


def _definitions(cursor: CursorWrapper, table: str) -> dict[str, str]:
    """What stands after each column's name; every column may be NULL, since nothing here will fill it."""
    cursor.execute(f"SHOW CREATE TABLE {quoted(table)}")
    (_, statement) = cursor.fetchone() or ("", "")
    found = {}
    for line in statement.splitlines():
        match = re.match(r"\s+`((?:[^`]|``)+)` (.+?),?$", line)
        if match:
            definition = _CHARSET.sub("", match[2])
            if "DEFAULT" not in definition.upper():
                definition = re.sub(r"\bNOT NULL\b", "NULL", definition)
            found[match[1].replace("``", "`")] = definition.replace("%", "%%")
    return found
