"""After a run that stopped half-way: drop what it made, unless somebody has worked with it since.

MySQL cannot roll back the making of tables, so a run that was killed in a migration leaves it half applied. The
originals stand aside unchanged, and building anew from them always ends with the same result.
"""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper

from distillation.management.adoption.columns import PRESET, SHARED_TABLES
from distillation.management.adoption.schema import quoted
from distillation.management.adoption.situation import SUFFIX, Situation, platform_tables, tables_of
from distillation.management.adoption.writing import ACTOR

_KEEP = {"md_adoption_step"}
_SYSTEM = "system"
"""Who made the presets of every installation."""


def worked_since(cursor: CursorWrapper, found: Situation) -> list[str]:
    """Tables that hold what no original holds, so that dropping them would lose it."""
    tables = []
    for name in SHARED_TABLES:
        if name in found.names and _has_own_rows(cursor, name, found):
            tables.append(name)
    log = "md_task_transition"
    if log in found.names and _any(cursor, f"SELECT 1 FROM {log} WHERE actor <> '{ACTOR}' LIMIT 1"):  # noqa: S608
        tables.append(log)
    return tables


def drop_unfinished(cursor: CursorWrapper, found: Situation) -> list[str]:
    """Drop every table of this platform but the log of steps; the names.

    Where there are users already, the tables of accounts stay with everything else that is not ours.
    """
    users = "auth_user" in found.names and _any(cursor, "SELECT 1 FROM auth_user LIMIT 1")
    made = tables_of("distillation") if users else platform_tables() | {"django_migrations"}
    tables = sorted((made & found.names) - _KEEP)
    cursor.execute("SET FOREIGN_KEY_CHECKS = 0")
    try:
        for table in tables:
            cursor.execute(f"DROP TABLE {quoted(table)}")
    finally:
        cursor.execute("SET FOREIGN_KEY_CHECKS = 1")
    if users:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'distillation'")
    return tables


def _has_own_rows(cursor: CursorWrapper, name: str, found: Situation) -> bool:
    if name not in found.originals:
        where = ""
    else:
        where = f" AND NOT EXISTS (SELECT 1 FROM {quoted(name + SUFFIX)} old WHERE old.id = new.id)"  # noqa: S608
    if name == PRESET:
        where += f" AND COALESCE(new.create_by, '') <> '{_SYSTEM}'"
    return _any(cursor, f"SELECT 1 FROM {quoted(name)} new WHERE 1 = 1{where} LIMIT 1")  # noqa: S608


def _any(cursor: CursorWrapper, statement: str) -> bool:
    cursor.execute(statement)
    return cursor.fetchone() is not None
