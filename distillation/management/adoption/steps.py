"""The steps, in order. Up to the last one the originals are complete, whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from distillation.management.adoption import extras
from distillation.management.adoption.columns import FIRST, SHARED_TABLES
from distillation.management.adoption.copying import Survey, hand_over
from distillation.management.adoption.plan import other_collations
from distillation.management.adoption.schema import quoted, table_names
from distillation.management.adoption.situation import ASIDE, CLEAR, FINISHED, RECORDS, ROWS, SUFFIX, Situation, look
from distillation.management.adoption.start_over import drop_unfinished
from distillation.management.adoption.writing import Writer

RECORDS_MIGRATION = ("distillation", "0006_quarantine")
_RECORD_MODELS = ("AdoptionStep", "Quarantine")
WAIT_SECONDS = 20
"""How long to wait for another connection that is using one of the tables."""


@dataclass(slots=True)
class Run:
    """One run of the adoption, as far as it has come."""

    found: Situation
    say: Callable[[str], None]
    survey: Survey | None = None

    def record(self, step: str, detail: str, rows: int | None = None) -> None:
        """Write what was done into md_adoption_step and on the terminal."""
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO md_adoption_step (step, detail, `rows`) VALUES (%s, %s, %s)", [step, detail, rows]
            )
        self.say(f"  {step}: {detail}")


def clear(run: Run) -> None:
    """Take away what an earlier run or a failed ``migrate`` left, and make the two tables of record."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION lock_wait_timeout = {WAIT_SECONDS}")
        # Before any table is made: a new table has the default of its database.
        _set_default(cursor, run.found)
        if run.found.aside:
            dropped = drop_unfinished(cursor, run.found)
        else:
            dropped = [name for name in run.found.leftovers if name != "md_adoption_step"]
            for name in dropped:
                cursor.execute(f"DROP TABLE {quoted(name)}")
        names = table_names(cursor)
    state = MigrationExecutor(connection).loader.project_state(RECORDS_MIGRATION)
    for model_name, table in zip(_RECORD_MODELS, reversed(RECORDS), strict=True):
        if table not in names:
            with connection.schema_editor() as editor:
                editor.create_model(state.apps.get_model("distillation", model_name))
    run.record(CLEAR, f"dropped {', '.join(dropped)}" if dropped else "nothing was left from an earlier run")


def set_collation(run: Run) -> None:
    """Tables that were made while the database had another default; their texts are compared with those of ours."""
    found = run.found
    changed = [f"the database (was {found.default_collation})"] if found.default_collation != found.collation else []
    with connection.cursor() as cursor:
        names = table_names(cursor)
        for name in other_collations(found):
            if name in names:
                cursor.execute(f"ALTER TABLE {quoted(name)} CONVERT TO CHARACTER SET utf8mb4 COLLATE {found.collation}")
                changed.append(name)
    run.record("collation", f"{found.collation}: {', '.join(changed) or 'nothing to change'}")


def set_aside(run: Run) -> None:
    """Rename all originals in one statement. The record comes first: it says that the new names are ours."""
    if run.found.aside:
        return
    pairs = [(name, name + SUFFIX) for name in run.found.originals]
    run.record(ASIDE, ", ".join(f"{old} → {new}" for old, new in pairs))
    with connection.cursor() as cursor:
        cursor.execute("RENAME TABLE " + ", ".join(f"{quoted(old)} TO {quoted(new)}" for old, new in pairs))


def make_tables(run: Run) -> None:
    """Apply the first migration, add what the installation had added, and go on counting where it stopped."""
    executor = MigrationExecutor(connection)
    executor.migrate([FIRST])
    added = []
    with connection.cursor() as cursor:
        for name, table in look(cursor).originals.items():
            added += [f"{name}.{column}" for column in extras.add(cursor, name, table)]
            if table.next_id:
                cursor.execute(f"ALTER TABLE {quoted(name)} AUTO_INCREMENT = {int(table.next_id)}")
    run.record("tables", f"{FIRST[1]} applied; extra columns: {', '.join(added) or 'none'}")


def copy_rows(run: Run) -> None:
    """Copy everything in one transaction and count before it is committed. Raises CommandError."""
    now = timezone.localtime().replace(tzinfo=None).isoformat(" ", "seconds")
    with transaction.atomic(), connection.cursor() as cursor:
        found = look(cursor)
        # An id of 0 would be taken for "give me a number".
        cursor.execute("SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')")
        writer = Writer(cursor, lambda table, count: run.say(f"    {table}: {count} rows"))
        hand_over(cursor, found.originals, found.collation, now, writer)
        for name, table in found.originals.items():
            extras.copy(cursor, name, table)
            _compare(cursor, name, table.name, writer.survey)
        run.survey = writer.survey
        run.record(ROWS, "copied and counted", sum(writer.survey.staying.values()))
        cursor.execute("SET SESSION sql_mode = REPLACE(@@sql_mode, 'NO_AUTO_VALUE_ON_ZERO', '')")


def apply_migrations(run: Run) -> None:
    """The rest of the schema, on the rows that are there."""
    call_command("migrate", verbosity=0, interactive=False)
    run.record("migrations", "every migration is applied")


def finish(run: Run) -> None:
    """From here on this is an ordinary database of the platform."""
    run.record(FINISHED, f"the originals stay as *{SUFFIX} until: manage.py adopt_legacy_database --drop-originals")


STEPS: tuple[Callable[[Run], None], ...] = (
    clear, set_collation, set_aside, make_tables, copy_rows, apply_migrations, finish,
)  # fmt: skip


def drop_originals() -> list[str]:
    """Drop the originals of a finished adoption; the names."""
    with connection.cursor() as cursor:
        tables = [name + SUFFIX for name in reversed(SHARED_TABLES) if name + SUFFIX in table_names(cursor)]
        cursor.execute("SET FOREIGN_KEY_CHECKS = 0")
        try:
            for table in tables:
                cursor.execute(f"DROP TABLE {quoted(table)}")
        finally:
            cursor.execute("SET FOREIGN_KEY_CHECKS = 1")
        cursor.execute("INSERT INTO md_adoption_step (step, detail) VALUES ('originals', %s)",
                       [f"dropped {', '.join(tables) or 'nothing'}"])  # fmt: skip
    return tables


def _set_default(cursor: CursorWrapper, found: Situation) -> None:
    if found.default_collation != found.collation:
        cursor.execute(f"ALTER DATABASE {quoted(found.database)} CHARACTER SET utf8mb4 COLLATE {found.collation}")


def _compare(cursor: CursorWrapper, name: str, original: str, survey: Survey) -> None:
    """Every row is in one place or the other."""
    cursor.execute(f"SELECT (SELECT COUNT(*) FROM {quoted(name)}), (SELECT COUNT(*) FROM {quoted(original)})")  # noqa: S608
    here, there = cursor.fetchone() or (0, 0)
    cursor.execute("SELECT COUNT(*) FROM md_quarantine WHERE table_name = %s AND column_name IS NULL", [name])
    (whole,) = cursor.fetchone() or (0,)
    if here + whole != there or here != survey.staying[name]:
        raise CommandError(
            f"{name}: {there} rows before, {here} after and {whole} in md_quarantine. Nothing was kept of this; the "
            f"originals are unchanged ({original}). Was something writing to them? Stop it and run the command again."
        )
