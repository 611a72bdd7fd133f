"""What cannot be adopted is told in a sentence with the remedy, and nothing is touched."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from distillation.tests.management.adopting import manage, state
from distillation.tests.management.legacy import connect, database, execute, query


@pytest.mark.skipif(connection.vendor == "mysql", reason="about other databases")
def test_only_mysql_can_be_adopted():
    with pytest.raises(CommandError, match="only a MySQL or MariaDB database") as refusal:
        call_command("adopt_legacy_database", "--dry-run")
    assert "DATABASE_URL=mysql://" in str(refusal.value)


OBSTACLES = {
    "an empty database": (
        ["DROP TABLE md_training_task, md_training_history, md_model_evaluation, md_lora_preset"],
        ["nothing to adopt", "manage.py migrate"],
    ),
    "a view": (
        ["RENAME TABLE md_lora_preset TO elsewhere", "CREATE VIEW md_lora_preset AS SELECT * FROM elsewhere"],
        ["md_lora_preset is a view"],
    ),
    "another table of that name": (
        ["ALTER TABLE md_training_history DROP COLUMN epoch"],
        ["md_training_history has no column epoch"],
    ),
    "a trigger": (
        ["CREATE TRIGGER audit_it AFTER UPDATE ON md_training_task FOR EACH ROW SET @changed = 1"],
        ["audit_it", "SHOW CREATE TRIGGER"],
    ),
    "a foreign key of another table": (
        [
            "CREATE TABLE notes (task BIGINT, CONSTRAINT notes_task FOREIGN KEY (task) "
            "REFERENCES md_training_task (id)) ENGINE=InnoDB"
        ],
        ["notes.notes_task", "Drop these keys"],
    ),
    "ids that are not unique": (
        [
            "ALTER TABLE md_lora_preset MODIFY id BIGINT, DROP PRIMARY KEY",
            "INSERT INTO md_lora_preset (id, preset_name) VALUES (2, 'again')",
        ],
        ["md_lora_preset holds 7 rows with 6 different ids"],
    ),
    "another application's tables": (
        ["CREATE TABLE auth_user (id INT)", "CREATE TABLE md_worker (id INT)", "INSERT INTO md_worker VALUES (1)"],
        ["auth_user", "database of their own", "md_worker"],
    ),
}


@pytest.mark.mysql
@pytest.mark.parametrize("name", OBSTACLES)
def test_an_obstacle_is_named_with_its_remedy(mysql_url: str, tmp_path: Path, name: str):
    statements, words = OBSTACLES[name]
    with database(mysql_url, "newer") as url:
        execute(url, *statements)
        before = state(url)
        done = manage(url, tmp_path / "home", "adopt_legacy_database", "--i-have-a-backup")
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert [word for word in words if word not in done.stderr] == [], done.stderr
        assert state(url) == before


@pytest.mark.mysql
def test_a_database_that_was_migrated_has_nothing_to_adopt(mysql_database: str, tmp_path: Path):
    assert manage(mysql_database, tmp_path / "home", "migrate", "-v0").returncode == 0
    done = manage(mysql_database, tmp_path / "home", "adopt_legacy_database", "--noinput")
    assert done.returncode == 0
    assert "those of this platform already" in done.stdout


@pytest.mark.mysql
def test_two_runs_do_not_meet(mysql_url: str, tmp_path: Path):
    with database(mysql_url, "newer") as url, contextlib.closing(connect(url)) as other:
        cursor = other.cursor()
        cursor.execute("SELECT GET_LOCK(LEFT(CONCAT('adopt ', DATABASE()), 64), 0)")
        done = manage(url, tmp_path / "home", "adopt_legacy_database", "--dry-run")
        assert done.returncode == 1
        assert "Another run of this command" in done.stderr


@pytest.mark.mysql
def test_missing_rights_are_named_before_anything_is_done(mysql_url: str, tmp_path: Path):
    user = "adoption_reader"
    with database(mysql_url, "newer") as url:
        name = url.rsplit("/", 1)[1]
        execute(url, f"DROP USER IF EXISTS {user}@'%'", f"CREATE USER {user}@'%' IDENTIFIED BY 'secret'")
        try:
            execute(url, f"GRANT SELECT, INSERT ON {name}.* TO {user}@'%'")
            done = manage(
                url.replace("root@", f"{user}:secret@"), tmp_path / "home", "adopt_legacy_database", "--dry-run"
            )
            assert done.returncode == 1
            assert "ALTER, CREATE, DELETE, DROP, INDEX, REFERENCES, UPDATE" in done.stderr
            execute(url, f"GRANT ALL ON {name}.* TO {user}@'%'")
            done = manage(
                url.replace("root@", f"{user}:secret@"), tmp_path / "home", "adopt_legacy_database", "--i-have-a-backup"
            )
            assert done.returncode == 0, done.stderr
        finally:
            execute(url, f"DROP USER {user}@'%'")


@pytest.mark.mysql
def test_a_script_that_holds_a_table_is_told_of(mysql_url: str, tmp_path: Path):
    with database(mysql_url, "newer") as url, contextlib.closing(connect(url)) as script:
        cursor = script.cursor()
        cursor.execute("START TRANSACTION")
        cursor.execute("UPDATE md_training_task SET progress = 61 WHERE id = 4")
        done = manage(url, tmp_path / "home", "adopt_legacy_database", "--i-have-a-backup")
        assert done.returncode == 1
        assert "stop the scripts and services that write to it" in done.stderr
        script.rollback()
        assert query(url, "SELECT COUNT(*) FROM md_training_task") == [(9,)]
        done = manage(url, tmp_path / "home", "adopt_legacy_database", "--i-have-a-backup")
        assert done.returncode == 0, done.stderr
