"""What was found before anything is touched: what is to be adopted, what is done already, and what forbids it."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.apps import apps
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.migrations.recorder import MigrationRecorder

from distillation.management.adoption import schema
from distillation.management.adoption.columns import FIRST, REQUIRED, SHARED_TABLES, TASK
from distillation.management.adoption.schema import Table

SUFFIX = "_original"
RECORDS = ("md_quarantine", "md_adoption_step")
CLEAR, ASIDE, ROWS, FINISHED = "clear", "set aside", "rows", "finished"
"""Steps by which a later run knows how far an earlier one came."""


@dataclass(slots=True)
class Situation:
    """The database as it stands."""

    database: str
    server: str
    names: set[str]
    steps: list[str]
    """Steps that earlier runs have recorded."""
    applied: set[tuple[str, str]]
    """Migrations that are recorded as applied."""
    default_collation: str
    collations: dict[str, str]
    originals: dict[str, Table] = field(default_factory=dict)
    """By the name that they had; an interrupted run may have set them aside already."""

    @property
    def aside(self) -> bool:
        """Whether the originals stand under their other names."""
        return TASK + SUFFIX in self.names and ASIDE in self.steps

    @property
    def finished(self) -> bool:
        """Whether an adoption has ended well here."""
        return FINISHED in self.steps

    @property
    def copied(self) -> bool:
        """Whether the last run came as far as having every row in its new table."""
        last = len(self.steps) - self.steps[::-1].index(CLEAR) if CLEAR in self.steps else 0
        return self.aside and ROWS in self.steps[last:]

    @property
    def in_use(self) -> bool:
        """Whether the tables are those of this platform."""
        return not self.aside and FIRST in self.applied

    @property
    def collation(self) -> str:
        """What every table will have: the database's own where it is one of utf8mb4."""
        return self.default_collation if self.default_collation.startswith("utf8mb4_") else "utf8mb4_unicode_ci"

    @property
    def leftovers(self) -> list[str]:
        """Tables of ours that a ``migrate`` made which then stopped at the legacy ones."""
        return sorted(table for table in tables_of("distillation") & self.names if table not in SHARED_TABLES)


def look(cursor: CursorWrapper) -> Situation:
    """Read everything; nothing is changed."""
    names = schema.table_names(cursor)
    steps: list[str] = []
    if "md_adoption_step" in names:
        cursor.execute("SELECT step FROM md_adoption_step ORDER BY id")
        steps = [row[0] for row in cursor.fetchall()]
    cursor.execute("SELECT VERSION()")
    (server,) = cursor.fetchone() or ("",)
    found = Situation(
        schema.database_name(cursor), server, names, steps, set(MigrationRecorder(connection).applied_migrations()),
        schema.default_collation(cursor), schema.collations(cursor),
    )  # fmt: skip
    suffix = SUFFIX if found.aside else ""
    for name in SHARED_TABLES:
        table = schema.table(cursor, name + suffix)
        if table is not None:
            found.originals[name] = table
    return found


def obstacles(cursor: CursorWrapper, found: Situation) -> list[str]:
    """Sentences that each say what forbids the adoption and what to do about it."""
    if TASK not in found.originals:
        return [
            f"There is no table {TASK} in {found.database}, so there is nothing to adopt. "
            "For a new installation run: manage.py migrate"
        ]
    problems = [*_rights(cursor, found), *_shape(found)]
    if not problems:
        problems += [*_hanging_on(cursor, found), *_ids(cursor, found)]
    return problems if found.aside else problems + _in_the_way(cursor, found)


def _rights(cursor: CursorWrapper, found: Situation) -> list[str]:
    missing = schema.missing_rights(cursor, found.database)
    if not missing:
        return []
    return [
        f"The user of DATABASE_URL has not these rights on {found.database}: {', '.join(missing)}. "
        f"As an administrator of the server: GRANT ALL ON {found.database}.* TO that user."
    ]


def _shape(found: Situation) -> list[str]:
    problems = []
    for name, table in found.originals.items():
        missing = [column for column in REQUIRED[name] if column not in table.columns]
        if table.is_view:
            problems.append(f"{name} is a view. Make it a table, or move the real table here.")
        elif missing:
            problems.append(
                f"{name} has no column {', '.join(missing)}, so it is no table of such an installation. "
                "Rename it, or add the column."
            )
    return problems


def _hanging_on(cursor: CursorWrapper, found: Situation) -> list[str]:
    """Triggers and foreign keys would go on with the originals, which are only kept."""
    tables = tuple(table.name for table in found.originals.values())
    problems = []
    if names := schema.triggers(cursor, tables):
        problems.append(
            f"There are triggers on these tables: {', '.join(names)}. Note them down (SHOW CREATE TRIGGER), drop them, "
            "adopt, and make them again where they are still wanted."
        )
    if keys := schema.pointing_here(cursor, tables):
        problems.append(
            f"Other tables point at these by foreign keys: {', '.join(keys)}. Drop these keys, adopt, "
            "and make them again."
        )
    return problems


def _ids(cursor: CursorWrapper, found: Situation) -> list[str]:
    problems = []
    for name, table in found.originals.items():
        cursor.execute(
            f"SELECT COUNT(*), COUNT(DISTINCT id), SUM(id IS NULL) FROM {schema.quoted(table.name)}"  # noqa: S608
        )
        count, distinct, empty = cursor.fetchone() or (0, 0, 0)
        if count != distinct or empty:
            problems.append(
                f"{name} holds {count} rows with {distinct} different ids. Every row needs an id of its own: "
                "give the doubled ones new numbers."
            )
    return problems


def _in_the_way(cursor: CursorWrapper, found: Situation) -> list[str]:
    """Tables that the migrations will want to make."""
    recorded = {app for app, _ in found.applied}
    installed = {app.label for app in apps.get_app_configs()}
    foreign = sorted(f"django_migrations ({app})" for app in recorded - installed) + sorted(
        name
        for app in apps.get_app_configs()
        if app.label not in recorded and app.label != "distillation"
        for name in tables_of(app.label) & found.names
    )
    filled = [name for name in found.leftovers if name not in RECORDS and _has_rows(cursor, name)]
    aside = sorted(name + SUFFIX for name in SHARED_TABLES if name + SUFFIX in found.names)
    problems = []
    if foreign:
        problems.append(
            f"{found.database} holds tables of another application under names that this one needs: "
            f"{', '.join(foreign)}. Move the four md_ tables into a database of their own and adopt there."
        )
    if filled or aside:
        problems.append(
            f"These tables hold names that the adoption needs, and are not empty or not ours: "
            f"{', '.join([*filled, *aside])}. Rename them and begin again."
        )
    return problems


def _has_rows(cursor: CursorWrapper, table: str) -> bool:
    cursor.execute(f"SELECT 1 FROM {schema.quoted(table)} LIMIT 1")  # noqa: S608 - a name of the schema
    return cursor.fetchone() is not None


def tables_of(app: str) -> set[str]:
    """The tables that one Django application makes; a proxy has the table of another."""
    models = apps.get_app_config(app).get_models(include_auto_created=True)
    return {model._meta.db_table for model in models if model._meta.managed and not model._meta.proxy}


def platform_tables() -> set[str]:
    """Every table that the migrations make, the shared ones too."""
    return {table for app in apps.get_app_configs() for table in tables_of(app.label)}
