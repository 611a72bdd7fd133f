"""An adoption that dies anywhere ends, when it is run again, exactly as one that was not disturbed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from distillation.management.adoption.steps import STEPS
from distillation.tests.management.adopting import (
    adopt,
    assert_nothing_is_lost,
    manage,
    python,
    result,
    schema,
)
from distillation.tests.management.legacy import TABLES, database, execute, query, texts

pytestmark = pytest.mark.mysql

DYING_AFTER_A_STEP = """
import os, sys
from django.core.management import call_command
from distillation.management.adoption import steps
def dying(step):
    def run(state):
        step(state)
        os._exit(9)
    return run
last = int(sys.argv[1])
steps.STEPS = tuple(dying(step) if number == last else step for number, step in enumerate(steps.STEPS))
call_command("adopt_legacy_database", i_have_a_backup=True)
"""
DYING_AT_A_STATEMENT = """
import os, sys
from django.core.management import call_command
from django.db.backends.utils import CursorWrapper
share = float(sys.argv[1])
execute, executemany, count = CursorWrapper.execute, CursorWrapper.executemany, 0
def counted(method):
    def run(self, *arguments, **options):
        global count
        count += 1
        if share and count > share:
            os._exit(9)
        return method(self, *arguments, **options)
    return run
CursorWrapper.execute, CursorWrapper.executemany = counted(execute), counted(executemany)
call_command("adopt_legacy_database", i_have_a_backup=True)
print("statements", count)
"""


@pytest.fixture(scope="module")
def undisturbed(mysql_url: str, tmp_path_factory) -> Iterator[tuple[dict, dict, int]]:
    """Contents and schema of an adoption in one go, and how many statements it takes."""
    with database(mysql_url, "newer") as url:
        done = python(url, tmp_path_factory.mktemp("home"), DYING_AT_A_STATEMENT, "0")
        assert done.returncode == 0, done.stderr
        yield result(url), schema(url), int(done.stdout.split()[-1])


def assert_repeats(url: str, home: Path, before: dict, undisturbed: tuple[dict, dict, int]) -> None:
    adopt(url, home)
    assert_nothing_is_lost(url, before)
    assert result(url) == undisturbed[0]
    assert schema(url) == undisturbed[1]
    assert {table: texts(url, f"{table}_original") for table in TABLES} == before
    assert query(url, "SELECT step FROM md_adoption_step ORDER BY id DESC LIMIT 1") == [("finished",)]


@pytest.mark.parametrize("number", range(len(STEPS)), ids=[step.__name__ for step in STEPS])
def test_a_run_that_dies_after_a_step_can_be_repeated(mysql_url: str, tmp_path: Path, undisturbed, number: int):
    with database(mysql_url, "newer") as url:
        before = {table: texts(url, table) for table in TABLES}
        assert python(url, tmp_path / "home", DYING_AFTER_A_STEP, str(number)).returncode == 9
        assert_repeats(url, tmp_path / "home", before, undisturbed)


@pytest.mark.parametrize("percent", [4, 12, 30, 55, 80, 97])
def test_a_run_that_dies_in_the_middle_of_a_step_can_be_repeated(
    mysql_url: str, tmp_path: Path, undisturbed, percent: int
):
    with database(mysql_url, "newer") as url:
        before = {table: texts(url, table) for table in TABLES}
        last = str(undisturbed[2] * percent // 100)
        assert python(url, tmp_path / "home", DYING_AT_A_STATEMENT, last).returncode == 9
        assert_repeats(url, tmp_path / "home", before, undisturbed)


def test_what_people_wrote_after_a_failure_is_not_dropped(mysql_url: str, tmp_path: Path):
    with database(mysql_url, "newer") as url:
        copied = [step.__name__ for step in STEPS].index("copy_rows")
        assert python(url, tmp_path / "home", DYING_AFTER_A_STEP, str(copied)).returncode == 9
        execute(
            url,
            "INSERT INTO md_training_task (task_id, task_name, teacher_model, student_model) "
            "VALUES ('NEW', '', '', '')",
        )
        done = manage(url, tmp_path / "home", "adopt_legacy_database", "--i-have-a-backup")
        assert done.returncode == 1
        assert "rows were written to md_training_task" in done.stderr
        assert query(url, "SELECT COUNT(*) FROM md_training_task WHERE task_id = 'NEW'") == [(1,)]
        # The migrations on what was copied are all that is missing; then the rest is a note.
        assert manage(url, tmp_path / "home", "migrate", "-v0").returncode == 0
        assert "finished" in adopt(url, tmp_path / "home")
        assert query(url, "SELECT COUNT(*) FROM md_training_task") == [(10,)]


def test_a_migrate_that_came_first_and_stopped_does_no_harm(mysql_url: str, tmp_path: Path, undisturbed):
    with database(mysql_url, "newer") as url:
        before = {table: texts(url, table) for table in TABLES}
        done = manage(url, tmp_path / "home", "migrate", "-v0")
        assert done.returncode == 1
        assert "distillation.E002" in done.stderr
        assert "adopt_legacy_database" in manage(url, tmp_path / "home", "serve", "--migrate").stderr
        assert "adopt_legacy_database" in manage(url, tmp_path / "home", "doctor").stdout
        assert not query(url, "SHOW TABLES LIKE 'auth_user'")
        done = manage(url, tmp_path / "home", "migrate", "-v0", "--skip-checks")
        assert "already exists" in done.stderr
        execute(url, "INSERT INTO auth_user (username, password, is_superuser, first_name, last_name, email, is_staff, "
                     "is_active, date_joined) VALUES ('chef', '', 1, '', '', '', 1, 1, NOW())")  # fmt: skip
        assert_repeats(url, tmp_path / "home", before, undisturbed)
        assert query(url, "SELECT username FROM auth_user") == [("chef",)]
