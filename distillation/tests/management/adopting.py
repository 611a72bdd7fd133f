"""Running the adoption as people do, as a command of its own process, and looking at databases from outside."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path

from distillation.tests.management.legacy import TABLES, query, texts

PROJECT = Path(__file__).resolve().parents[3]
_LATER = re.compile(r"20(2[5-9]|[3-9]\d)-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?")
"""Times of now; the legacy rows are older."""
SCHEMA = {
    "columns": "SELECT table_name, column_name, column_type, is_nullable, column_default, extra, collation_name "
    "FROM information_schema.columns WHERE table_schema = DATABASE() {known} ORDER BY 1, 2",
    "indexes": "SELECT table_name, index_name, non_unique, seq_in_index, column_name "
    "FROM information_schema.statistics WHERE table_schema = DATABASE() {known} ORDER BY 1, 2, 4",
    "foreign keys": "SELECT table_name, constraint_name, column_name, referenced_table_name, referenced_column_name "
    "FROM information_schema.key_column_usage WHERE table_schema = DATABASE() {known} ORDER BY 1, 2, 3",
    "rules": "SELECT table_name, constraint_name, delete_rule, update_rule FROM "
    "information_schema.referential_constraints WHERE constraint_schema = DATABASE() {known} ORDER BY 1, 2",
    "tables": "SELECT table_name, engine, table_collation FROM information_schema.tables WHERE "
    "table_schema = DATABASE() {known} ORDER BY 1",
}


def environment(url: str, home: Path) -> dict[str, str]:
    home.mkdir(exist_ok=True)
    return {**os.environ, "DATABASE_URL": url, "DISTILLATION_HOME": str(home),
            "DJANGO_SETTINGS_MODULE": "distillation_site.settings"}  # fmt: skip


def manage(url: str, home: Path, *arguments: str, answer: str = "") -> subprocess.CompletedProcess:
    """``manage.py`` with the arguments; ``answer`` is what is typed."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=PROJECT, env=environment(url, home), input=answer,
        capture_output=True, text=True,
    )  # fmt: skip


def python(url: str, home: Path, code: str, *arguments: str) -> subprocess.CompletedProcess:
    """A program with Django set up."""
    return subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\n{code}", *arguments], cwd=PROJECT,
        env=environment(url, home), capture_output=True, text=True,
    )  # fmt: skip


def adopt(url: str, home: Path, *arguments: str) -> str:
    """Adopt without a question; the output."""
    done = manage(url, home, "adopt_legacy_database", "--i-have-a-backup", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def schema(url: str) -> dict[str, list[tuple]]:
    """Everything that information_schema knows of the tables, but for the originals that stand aside."""
    known = "AND table_name NOT LIKE '%\\_original'"
    return {name: query(url, statement.format(known=known)) for name, statement in SCHEMA.items()}


def state(url: str) -> str:
    """Structure, counters and contents of a whole database."""
    names = [row[0] for row in query(url, "SHOW TABLES")]
    structure = [query(url, f"SHOW CREATE TABLE `{name}`") for name in names]
    sums = [query(url, f"CHECKSUM TABLE `{name}`") for name in names]
    default = query(url, "SELECT default_collation_name FROM information_schema.schemata WHERE schema_name=DATABASE()")
    return repr((structure, sums, default))


def result(url: str) -> dict[str, list]:
    """What an adoption ends with, without times of now and numbers of log lines."""
    found: dict[str, list] = {name: list(_timeless(url, name)) for name in TABLES}
    found["md_quarantine"] = [
        {key: value for key, value in row.items() if key not in ("id", "at")} for row in _timeless(url, "md_quarantine")
    ]
    found["md_task_transition"] = [
        {key: value for key, value in row.items() if key != "at"} for row in _timeless(url, "md_task_transition")
    ]
    return found


def assert_nothing_is_lost(url: str, before: dict[str, dict]) -> None:
    """Every original row is in its table, or whole in the quarantine; every value is in one of them too."""
    whole, single = _quarantine(url)
    for table in TABLES:
        after = texts(url, table)
        staying = {row_id for name, row_id in whole if name == table}
        assert staying.isdisjoint(after), table
        assert set(before[table]) <= set(after) | staying, table
        for row_id, row in before[table].items():
            if row_id in staying:
                kept = whole[(table, row_id)]
                assert {name: _plain(text) for name, text in row.items()} == {
                    name: _plain(kept[name.lower()]) for name in row
                }, (table, row_id)
            else:
                _assert_values(table, row_id, row, after[row_id], single)


def _assert_values(table: str, row_id: int, row: dict, now: dict, single: dict) -> None:
    for name, text in row.items():
        here = now[name] if f"legacy_{name}" not in now else now[f"legacy_{name}"]
        kept = single.get((table, row_id, name), [])
        if (name, kept) != ("detailed_results", ["FF00FE"]):  # bytes that are no text, kept in base 16
            where = (table, row_id, name, text, here, kept)
            assert _same(text, here) or _plain(text) in map(_plain, kept), where


def _quarantine(url: str) -> tuple[dict, dict]:
    whole: dict = {}
    single: dict = {}
    for table, row_id, column, value in query(url, "SELECT table_name, row_id, column_name, value FROM md_quarantine"):
        if column is None:
            assert (table, row_id) not in whole
            whole[(table, row_id)] = json.loads(value)
        else:
            single.setdefault((table, row_id, column), []).append(value)
    return whole, single


def _same(old: str | None, new: str | None) -> bool:
    old, new = _plain(old), _plain(new)
    if old == new:
        return True
    if old is None or new is None:
        return False
    if new.removesuffix(".000000") == old:
        return True
    try:
        return Decimal(old) == Decimal(new)
    except InvalidOperation:
        return False


def _plain(text: str | None) -> str | None:
    """A bit arrives as the character of its number."""
    return str(ord(text)) if text in ("\x00", "\x01") else text


def _timeless(url: str, table: str):
    for row in texts(url, table).values():
        yield {name: _LATER.sub("NOW", text) if text else text for name, text in row.items()}
