"""Reading the original rows as texts, whatever type and character set their columns have.

A zero date would arrive as NULL and a float with other digits if the client converted them: the server
turns everything into text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.backends.utils import CursorWrapper

from distillation.management.adoption.schema import Column, Table, quoted

CHUNK = 1000
_BINARY = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"})
_UNICODE = frozenset({"utf8", "utf8mb3", "utf8mb4", "ucs2", "utf16", "utf16le", "utf32"})


@dataclass(slots=True)
class Original:
    """One row: its texts by lower-case column name."""

    id: int
    texts: dict[str, str | None]
    recoded: dict[str, str] = field(default_factory=dict)
    """Columns whose UTF-8 text stood in another character set, with the text as the server shows it."""
    unreadable: set[str] = field(default_factory=set)
    """Columns whose bytes are no text; here they are written in base 16."""


def rows(cursor: CursorWrapper, table: Table) -> Iterator[Original]:
    """Every row by ascending id, in chunks, so that memory does not grow with the table."""
    shown = [part for column in table.columns.values() for part in _expressions(column)]
    statement = (
        f"SELECT {quoted('id')}, {', '.join(shown)} FROM {quoted(table.name)} "  # noqa: S608 - names of the schema
        f"{{where}} ORDER BY {quoted('id')} LIMIT {CHUNK}"
    )
    last: int | None = None
    while True:
        where, parameters = ("", []) if last is None else (f"WHERE {quoted('id')} > %s", [last])
        cursor.execute(statement.format(where=where), parameters)
        chunk = cursor.fetchall()
        yield from (_original(table, values) for values in chunk)
        if len(chunk) < CHUNK:
            return
        last = int(chunk[-1][0])


def _expressions(column: Column) -> list[str]:
    name = quoted(column.name)
    if column.data_type in _BINARY:
        return [f"HEX({name})"]
    if column.data_type == "bit":
        return [f"CAST({name} + 0 AS CHAR)"]
    if column.charset is None:
        return [f"CAST({name} AS CHAR)"]
    if column.charset in _UNICODE:
        return [f"CONVERT({name} USING utf8mb4)"]
    return [f"CONVERT({name} USING utf8mb4)", f"HEX({name})"]


def _original(table: Table, values: tuple[Any, ...]) -> Original:
    row, position = Original(int(values[0]), {}), 1
    for key, column in table.columns.items():
        text: str | None = values[position]
        position += 1
        if column.data_type in _BINARY:
            text = _decoded(row, key, text)
        elif column.charset is not None and column.charset not in _UNICODE:
            text = _recoded(row, key, text, values[position])
            position += 1
        row.texts[key] = text
    return row


def _decoded(row: Original, key: str, base16: str | None) -> str | None:
    if base16 is None:
        return None
    try:
        return bytes.fromhex(base16).decode()
    except UnicodeDecodeError:
        row.unreadable.add(key)
        return base16


def _recoded(row: Original, key: str, text: str | None, base16: str | None) -> str | None:
    """UTF-8 that a client wrote through a latin1 connection; no real text of such a charset is valid UTF-8."""
    if text is None or base16 is None or text.isascii():
        return text
    try:
        meant = bytes.fromhex(base16).decode()
    except UnicodeDecodeError:
        return text
    if meant == text or meant.isascii():
        return text
    row.recoded[key] = text
    return meant
