"""The database as ``information_schema`` tells it: tables, columns, indexes, what hangs on them, and our rights."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.backends.utils import CursorWrapper

NEEDED = ("ALTER", "CREATE", "DELETE", "DROP", "INDEX", "INSERT", "REFERENCES", "SELECT", "UPDATE")
_GENERATED = re.compile(r"(virtual|stored|persistent) generated", re.IGNORECASE)
_GRANT = re.compile(r"GRANT (?P<rights>.+?) ON (?P<what>\S+) TO ", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Column:
    """One column, types in lower case."""

    name: str
    data_type: str
    column_type: str
    charset: str | None
    generated: bool


@dataclass(frozen=True, slots=True)
class Table:
    """One table; columns by lower-case name."""

    name: str
    engine: str
    collation: str
    is_view: bool
    next_id: int | None
    columns: dict[str, Column] = field(default_factory=dict)


def quoted(name: str) -> str:
    """The name for a statement; a per cent sign would be taken for a parameter."""
    return "`" + name.replace("`", "``").replace("%", "%%") + "`"


def database_name(cursor: CursorWrapper) -> str:
    """The database of the connection."""
    return _texts(cursor, "SELECT DATABASE()")[0]


def table_names(cursor: CursorWrapper) -> set[str]:
    """Every table and view."""
    return set(_texts(cursor, "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"))


def table(cursor: CursorWrapper, name: str) -> Table | None:
    """One table with its columns, None when there is none of this name."""
    cursor.execute(
        "SELECT engine, table_collation, table_type, auto_increment FROM information_schema.tables "
        "WHERE table_schema = DATABASE() AND table_name = %s", [name],
    )  # fmt: skip
    found = cursor.fetchone()
    if found is None:
        return None
    cursor.execute(
        "SELECT column_name, data_type, column_type, character_set_name, extra FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND table_name = %s ORDER BY ordinal_position", [name],
    )  # fmt: skip
    columns = {
        str(row[0]).lower(): Column(row[0], row[1].lower(), row[2], row[3], bool(_GENERATED.search(row[4])))
        for row in cursor.fetchall()
    }
    engine, collation, kind, next_id = found
    return Table(name, engine or "", collation or "", kind == "VIEW", next_id, columns)


def collations(cursor: CursorWrapper) -> dict[str, str]:
    """Collation by table."""
    cursor.execute(
        "SELECT table_name, table_collation FROM information_schema.tables "
        "WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'"
    )
    return {name: collation or "" for name, collation in cursor.fetchall()}


def default_collation(cursor: CursorWrapper) -> str:
    """What a new table of this database gets."""
    return _texts(
        cursor, "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = DATABASE()"
    )[0]


def secondary_indexes(cursor: CursorWrapper, name: str) -> dict[str, tuple[str, ...]]:
    """Columns by index, without the primary key."""
    cursor.execute(
        "SELECT index_name, COALESCE(column_name, '') FROM information_schema.statistics "
        "WHERE table_schema = DATABASE() AND table_name = %s AND index_name <> 'PRIMARY' "
        "ORDER BY index_name, seq_in_index", [name],
    )  # fmt: skip
    found: dict[str, tuple[str, ...]] = {}
    for index, column in cursor.fetchall():
        found[index] = (*found.get(index, ()), column)
    return found


def triggers(cursor: CursorWrapper, tables: tuple[str, ...]) -> list[str]:
    """Names of triggers on the tables."""
    return _texts(
        cursor,
        "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE() "
        "AND event_object_table IN %s ORDER BY trigger_name",
        [tables],
    )


def pointing_here(cursor: CursorWrapper, tables: tuple[str, ...]) -> list[str]:
    """``table.constraint`` of foreign keys in other tables that point at these."""
    return _texts(
        cursor,
        "SELECT DISTINCT CONCAT(table_name, '.', constraint_name) FROM information_schema.key_column_usage "
        "WHERE referenced_table_schema = DATABASE() AND referenced_table_name IN %s AND "
        "NOT (table_schema = DATABASE() AND table_name IN %s) ORDER BY 1",
        [tables, tables],
    )


def missing_rights(cursor: CursorWrapper, database: str) -> list[str]:
    """Rights that the grants shown do not give; empty when a role is involved, since its grants are not shown."""
    grants = _texts(cursor, "SHOW GRANTS FOR CURRENT_USER()")
    given: set[str] = set()
    for grant in grants:
        match = _GRANT.match(grant)
        if match is None:
            return []
        if _covers(match["what"], database):
            given |= {right.strip().upper() for right in match["rights"].split(",")}
    return [] if given & {"ALL", "ALL PRIVILEGES"} else [right for right in NEEDED if right not in given]


def _covers(what: str, database: str) -> bool:
    scope = what.replace("`", "").replace('"', "")
    if scope == "*.*":
        return True
    pattern, _, tables = scope.rpartition(".")
    if tables != "*":
        return False
    escaped = re.escape(pattern).replace(r"\\_", "\0").replace("%", ".*").replace("_", ".").replace("\0", "_")
    return re.fullmatch(escaped, database) is not None


def _texts(
    cursor: CursorWrapper, statement: str, parameters: Sequence[str | tuple[str, ...]] | None = None
) -> list[str]:
    cursor.execute(statement, parameters)
    return [str(row[0]) for row in cursor.fetchall()]
