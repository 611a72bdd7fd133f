"""A setting that makes no sense ends the start with one readable line."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from distillation_site import env
from distillation_site.databases import database

PROJECT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DATABASE_URL", "oracle://x", "must be sqlite:///path, mysql://"),
        ("DISTILLATION_PUBLIC_READ", "yes", "set it to 1 or 0"),
        ("DISTILLATION_TIME_ZONE", "Asia/Nowhere", "no time zone"),
        ("DISTILLATION_ERROR_STYLE", "loud", "must be one of http, legacy"),
        ("DISTILLATION_CHECKPOINT_SECONDS", "soon", "must be a number"),
        ("DISTILLATION_LEASE_SECONDS", "1", "must be a number of at least 6"),
    ],
)
def test_a_wrong_value_is_one_line_with_the_remedy(name, value, words, tmp_path):
    environment = os.environ | {"DISTILLATION_HOME": str(tmp_path), name: value}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], env=environment, cwd=PROJECT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert name in done.stderr
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_processes_that_start_at_once_agree_on_one_secret_key(tmp_path):
    path = tmp_path / "fresh" / "secret_key"
    code = "import pathlib, sys; from distillation_site import env; print(env.secret_key(pathlib.Path(sys.argv[1])))"
    starts = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    keys = {start.communicate(timeout=60)[0].strip() for start in starts}
    assert keys == {env.secret_key(path)}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secret_key"]


def test_mysql_gets_the_zone_of_the_site_and_strict_mode(tmp_path):
    options = database("mysql://root@127.0.0.1/x", tmp_path, "Asia/Shanghai")["OPTIONS"]
    assert "time_zone = '+08:00'" in options["init_command"]
    assert "STRICT_TRANS_TABLES" in options["init_command"]
    assert options["isolation_level"] == "read committed"


def test_sqlite_takes_the_write_lock_at_the_start_of_a_transaction(tmp_path):
    options = database("", tmp_path, "Asia/Shanghai")["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in options["init_command"]
