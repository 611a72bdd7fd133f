"""A server that Django cannot serve is named with its version and the one needed, before anything else happens."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.db.utils import NotSupportedError

from distillation_site.databases import database
from distillation_site.mysql.base import DatabaseWrapper, UnservableServer

PROJECT = Path(__file__).resolve().parents[3]
CASES = [
    ("5.7.44-log", "MySQL 5.7.44-log", "8.0.11"),
    ("8.0.10", "MySQL 8.0.10", "8.0.11"),
    ("10.4.32-MariaDB-1:10.4.32+maria~ubu2004", "MariaDB 10.4.32-MariaDB", "10.5"),
    ("10.3.39-MariaDB-0+deb10u2", "MariaDB 10.3.39-MariaDB", "10.5"),
]
NEW_ENOUGH = ["8.0.11", "8.4.0", "9.1.0", "10.5.0-MariaDB", "11.4.2-MariaDB"]


def server(version: str, monkeypatch) -> DatabaseWrapper:
    """A connection to a server that answers with this version."""
    settings = connections.configure_settings(
        {"default": database("mysql://root@db.example:3306/legacy", Path("/nowhere"), "Asia/Shanghai")}
    )["default"]
    wrapper = DatabaseWrapper(settings, alias="legacy")
    vars(wrapper)["mysql_server_data"] = {
        "version": version, "sql_mode": "STRICT_TRANS_TABLES", "default_storage_engine": "InnoDB",
        "sql_auto_is_null": False, "lower_case_table_names": 0, "has_zoneinfo_database": True,
    }  # fmt: skip
    monkeypatch.setattr(wrapper, "ensure_connection", wrapper.check_database_version_supported)
    return wrapper


@pytest.mark.parametrize(("version", "found", "needed"), CASES)
def test_the_check_names_the_version_found_and_the_one_needed(monkeypatch, version: str, found: str, needed: str):
    (error,) = server(version, monkeypatch).validation.check()
    assert error.id == "distillation.E001"
    assert found in error.msg
    assert f"{needed} or newer is needed" in error.msg
    assert "db.example" in error.msg
    assert "docs/mysql.md" in error.hint


@pytest.mark.parametrize("version", NEW_ENOUGH)
def test_a_server_that_is_new_enough_passes(monkeypatch, version: str):
    assert server(version, monkeypatch).validation.check() == []


def test_the_error_is_one_that_commands_and_the_doctor_know():
    assert issubclass(UnservableServer, NotSupportedError)
    assert issubclass(UnservableServer, ImproperlyConfigured)


AS_IF_OLD = """
import runpy, sys
from django.db.backends.mysql.features import DatabaseFeatures
DatabaseFeatures.minimum_database_version = (99, 0)
runpy.run_path("manage.py", run_name="__main__")
"""


@pytest.mark.mysql
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["migrate"], ["distillation.E001", "99.0 or newer is needed", "docs/mysql.md"]),
        (["check", "--database", "default"], ["distillation.E001", "99.0 or newer is needed"]),
        (["serve", "--migrate"], ["99.0 or newer is needed", "manage.py doctor"]),
        (["adopt_legacy_database"], ["99.0 or newer is needed", "docs/mysql.md"]),
        (["createsuperuser", "--noinput", "--username", "a", "--email", "a@example.org"], ["99.0 or newer is needed"]),
    ],
    ids=lambda value: value[0],
)
def test_every_command_says_so_without_a_traceback(mysql_database: str, tmp_path: Path, arguments, words):
    environment = {**os.environ, "DATABASE_URL": mysql_database, "DISTILLATION_HOME": str(tmp_path), "PORT": "18097"}
    done = subprocess.run(
        [sys.executable, "-c", AS_IF_OLD, *arguments], cwd=PROJECT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert [word for word in words if word not in done.stderr] == [], done.stderr
