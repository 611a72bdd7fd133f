"""System checks of the database, which ``migrate`` runs before it changes anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connections
from django.db.migrations.recorder import MigrationRecorder

FIRST = ("distillation", "0001_initial")
TASKS = "md_training_task"
HINT = "Take it over without losing a row: manage.py adopt_legacy_database --dry-run shows the plan (docs/mysql.md)."


def waits_for_adoption(alias: str = "default") -> bool:
    """Whether the tables of an existing installation are there and nobody has adopted them. Raises DatabaseError."""
    connection = connections[alias]
    if connection.vendor != "mysql" or TASKS not in connection.introspection.table_names():
        return False
    return FIRST not in MigrationRecorder(connection).applied_migrations()


@register(Tags.database)
def legacy_tables(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """A ``migrate`` would stop half-way at a table that is there already."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        try:
            waits = waits_for_adoption(alias)
        except DatabaseError:  # another check says why, and a command that needs the database will
            continue
        if waits:
            text = f"The database holds the tables of an existing installation ({TASKS} …), which migrate cannot use."
            found.append(Error(text, hint=HINT, id="distillation.E002"))
    return found
