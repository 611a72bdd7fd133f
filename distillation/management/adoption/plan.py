"""The plan in words: what was found, what will be done, and how many rows and values it touches."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.backends.utils import CursorWrapper

from distillation.management.adoption import extras, schema
from distillation.management.adoption.columns import SHARED_TABLES, TASK, rules
from distillation.management.adoption.copying import Survey
from distillation.management.adoption.situation import SUFFIX, Situation, platform_tables

_NEWER = ("description", "training_mode", "training_config", "val_dataset_id", "val_dataset_name")
"""Columns of tasks that the older vintage has not."""


def plan(cursor: CursorWrapper, found: Situation, survey: Survey, pending: int) -> Iterator[str]:
    """The lines of the plan."""
    yield f"Plan for the database {found.database} ({found.server})"
    yield f"  found: {_vintage(found)}"
    for name, table in found.originals.items():
        count = survey.staying[name] + survey.quarantined(name)
        yield f"    {table.name}: {count} rows, {table.engine}, {table.collation}"
    if found.aside:
        yield f"  An earlier run stopped after {found.steps[-1]!r}. What it made is dropped and built again from the "
        yield "  originals, which no run changes."
    yield from _steps(cursor, found, pending)
    yield from counts(survey)


def counts(survey: Survey) -> Iterator[str]:
    """What happens to rows and values, in numbers."""
    yield "  Rows and values that cannot stay as they are; the original ones are kept in md_quarantine:"
    for name in SHARED_TABLES:
        whole = survey.quarantined(name)
        yield f"  {name}: {survey.staying[name]} rows stay, {whole} go whole to md_quarantine"
        for (table, reason), count in sorted(survey.whole.items()):
            if table == name:
                yield f"    {count} × {reason}"
        for (table, column, reason), count in sorted(survey.values.items()):
            if table == name:
                yield f"    value of {column}: {count} × {reason}"


def _vintage(found: Situation) -> str:
    missing = [name for name in _NEWER if name not in found.originals[TASK].columns]
    lacking = [name for name in SHARED_TABLES if name not in found.originals]
    text = f"the older vintage (without {', '.join(missing)})" if missing else "the newer vintage"
    return f"{text}; without the tables {', '.join(lacking)}" if lacking else text


def _steps(cursor: CursorWrapper, found: Situation, pending: int) -> Iterator[str]:
    for number, text in enumerate(_texts(cursor, found, pending), start=1):
        yield f"  {number}. {text}"


def _texts(cursor: CursorWrapper, found: Situation, pending: int) -> Iterator[str]:
    if found.default_collation != found.collation:
        yield f"the database's default collation becomes {found.collation} (it is {found.default_collation})"
    if differing := other_collations(found):
        yield f"tables of this platform get that collation: {', '.join(differing)}"
    names = ", ".join(table.name.removesuffix(SUFFIX) + SUFFIX for table in found.originals.values())
    yield f"the original tables are set aside, unchanged, as {names}"
    yield "the tables of this version are made"
    for name, table in found.originals.items():
        for extra in extras.extra_columns(name, table):
            yield f"{name} gets the extra column {extra.new_name} with its values"
        for column in extras.computed_columns(name, table):
            yield f"the computed column {name}.{column} is not carried over"
        for index in _dropped_indexes(cursor, name, table):
            yield f"the index {index} of {name} is not carried over"
    yield "every row is copied, in one transaction; what does not fit goes to md_quarantine (counts below)"
    yield f"migrations: {pending} to apply"


def other_collations(found: Situation) -> list[str]:
    """Tables that an earlier ``migrate`` made while the database had another default."""
    made = (platform_tables() | {"django_migrations"}) - set(SHARED_TABLES)
    candidates = made & found.collations.keys() if found.applied else set()
    return sorted(name for name in candidates if found.collations[name] != found.collation)


def _dropped_indexes(cursor: CursorWrapper, name: str, table: schema.Table) -> Iterator[str]:
    known = {*rules(name), "id"}
    for index, columns in schema.secondary_indexes(cursor, table.name).items():
        usual = len(columns) == 1 and columns[0] in ("task_id", "status", "create_time", "teacher_model",
                                                     "student_model", "preset_name")  # fmt: skip
        if not usual and set(columns) != {"task_id", "epoch"}:
            note = "" if {column.lower() for column in columns} <= known else ", on columns of its own"
            yield f"{index} ({', '.join(columns)}{note})"
