"""The doctor: each check is seen to fail when its subject is broken, and to name the remedy."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections import namedtuple
from datetime import timedelta
from pathlib import Path

import psutil
import pynvml
import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from distillation.management import serving
from distillation.management.demo.rest import Rest, RestError
from distillation.management.doctor import database, home, machine, work
from distillation.management.doctor.finding import Finding, Level
from distillation.management.installation import ensure_administrator, password_file
from distillation.models import Executor, TaskStatus, Worker
from distillation.tests.factories import TaskFactory, UserFactory

pytestmark = pytest.mark.django_db
Usage = namedtuple("Usage", "total used free")
Mount = namedtuple("Mount", "mountpoint fstype")


def assert_problem(finding: Finding, *words: str) -> None:
    assert finding.level == Level.PROBLEM, finding
    assert finding.cause
    assert finding.remedy
    text = f"{finding.found} {finding.cause} {finding.remedy}"
    assert [word for word in words if word not in text] == []


def completed(**fields):
    return TaskFactory(status=TaskStatus.COMPLETED, **fields)


def test_an_old_python_is_named_with_the_one_needed(monkeypatch):
    assert machine.python().level == Level.OK
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    assert_problem(machine.python(), "3.10.4", "3.11")


def test_no_driver_is_a_dash_with_the_reason_and_no_problem():
    finding = machine.gpu()
    assert finding.level in (Level.NONE, Level.OK)
    if finding.level == Level.NONE:
        assert finding.found == "–"
        assert "driver" in finding.cause


def test_a_driver_that_answers_without_devices_is_a_problem(monkeypatch):
    def fail():
        raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)

    monkeypatch.setattr(pynvml, "nvmlInit", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlShutdown", lambda: None)
    monkeypatch.setattr(pynvml, "nvmlSystemGetDriverVersion", fail)
    assert_problem(machine.gpu(), "nvidia-smi")


def test_missing_chinese_fonts_are_told_with_the_package(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/fc-list")
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, 0, stdout=""))
    finding = machine.fonts()
    assert finding.level == Level.NONE
    assert "fonts-noto-cjk" in finding.cause
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert machine.fonts().level == Level.NONE


def test_hosts_that_shut_this_machine_out_are_a_problem(settings):
    settings.ALLOWED_HOSTS = ["example.org", "127.0.0.1"]
    assert_problem(machine.hosts(), "localhost", "DISTILLATION_ALLOWED_HOSTS")
    settings.ALLOWED_HOSTS = ["*"]
    assert machine.hosts().level == Level.OK


def test_a_port_that_another_program_holds_is_a_problem(monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("PORT", str(other.getsockname()[1]))
        monkeypatch.setattr(serving, "health", lambda number: None)
        (finding,) = machine.port()
    assert_problem(finding, "Another program", "PORT=")


def test_a_port_that_is_no_number_is_a_problem(monkeypatch):
    monkeypatch.setenv("PORT", "http")
    (finding,) = machine.port()
    assert_problem(finding, "'http'", "8080")


def test_a_web_process_without_its_database_is_a_problem(monkeypatch):
    monkeypatch.setattr(serving, "health", lambda number: 503)
    (finding,) = machine.port()
    assert_problem(finding, "503", "database")


def test_a_refused_login_names_401_and_the_password_file(monkeypatch):
    def refuse(self, path):
        raise RestError("Invalid username/password.")

    password_file().write_text("wrong")
    monkeypatch.setattr(serving, "health", lambda number: 200)
    monkeypatch.setattr(Rest, "get", refuse)
    served, login = machine.port()
    assert served.level == Level.OK
    assert_problem(login, "401", "changepassword", str(password_file()))


def test_a_home_that_is_gone_is_a_problem(settings, tmp_path: Path):
    settings.DISTILLATION_HOME = tmp_path / "gone"
    assert_problem(home.writable(), "gone", "DISTILLATION_HOME")
    assert_problem(home.disk(), "unknown")


def test_a_full_disk_is_a_problem(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 10**12 - 10**8, 10**8))
    assert_problem(home.disk(), "0.1 GB free", "Free space")


def test_a_secret_that_others_can_read_is_a_problem(tmp_path: Path):
    file = tmp_path / "secret_key"
    assert home.secret(file).level == Level.NONE
    file.write_text("x")
    file.chmod(0o644)
    assert_problem(home.secret(file), "0644", "chmod 600")
    file.chmod(0o600)
    assert home.secret(file).level == Level.OK


def test_no_administrator_is_a_problem():
    UserFactory(is_superuser=False)
    UserFactory(is_active=False)
    assert_problem(home.administrator(), "createsuperuser")
    UserFactory(username="root")
    assert home.administrator().found == "root"


def test_a_password_file_that_no_longer_opens_the_door_is_a_problem():
    assert home.password().level == Level.NONE
    ensure_administrator()
    assert home.password().level == Level.OK
    user = User.objects.get(username="admin")
    user.set_password("changed")
    user.save()
    assert_problem(home.password(), "401", "changepassword admin")


def test_a_database_that_is_too_old_is_a_problem(monkeypatch):
    assert database.reachable().level == Level.OK
    monkeypatch.setattr(connection.features, "minimum_database_version", (99, 0))
    assert_problem(database.reachable(), "99.0", "MySQL 8.0.11", "MariaDB 10.5")


def test_missing_tables_are_a_problem():
    assert database.migrated().level == Level.OK
    MigrationRecorder.Migration.objects.filter(app="distillation", name__gte="0003").delete()
    assert_problem(database.migrated(), "migrations are not applied", "distillation.0003", "manage.py migrate")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="looks at SQLite's file")
def test_sqlite_on_a_network_disk_is_a_problem(monkeypatch, settings, tmp_path: Path):
    monkeypatch.setattr(
        psutil, "disk_partitions", lambda all: [Mount("/", "ext4"), Mount(str(tmp_path.resolve()), "nfs4")]
    )
    assert database.file_system(tmp_path / "db.sqlite3") == "nfs4"
    assert database.file_system(Path("/elsewhere")) == "ext4"
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", str(tmp_path / "db.sqlite3"))
    assert_problem(database.sqlite(), "nfs4", "DATABASE_URL")


def test_a_clock_in_another_zone_is_a_problem(monkeypatch):
    assert database.clock().level == Level.OK
    for vendor in database._NOW:
        monkeypatch.setitem(database._NOW, vendor, "SELECT '2020-01-01 00:00:00'")
    assert_problem(database.clock(), "2020-01-01", "DISTILLATION_TIME_ZONE")


def test_no_worker_is_a_problem_that_counts_who_waits():
    assert_problem(work.worker(), "none is known", "run_worker")
    now = timezone.now()
    seen = Worker.objects.create(
        name="w", host="h", pid=1, slots=1, started_at=now, seen_at=now - timedelta(seconds=31)
    )
    TaskFactory(status=TaskStatus.QUEUED, queued_at=now)
    assert_problem(work.worker(), "none seen since", "1 tasks wait")
    seen.seen_at = timezone.now()
    seen.save()
    assert work.worker().level == Level.OK


def test_a_broken_data_set_is_told_with_its_own_sentence(home: Path, digits: Path):
    (home / "datasets/broken/train/cat").mkdir(parents=True)
    broken, fine = sorted(work.datasets(), key=lambda finding: finding.check)
    assert fine.level == Level.OK
    assert "16 train" in fine.found
    assert_problem(broken, "without pictures in train/", "docs/data.md")


def test_no_data_set_is_no_problem():
    (finding,) = work.datasets()
    assert finding.level == Level.NONE
    assert "create_demo_datasets" in finding.cause


def test_a_model_that_is_not_in_the_picker_is_named_with_the_reason(home: Path):
    (home / "runs/x").mkdir()
    (home / "runs/x/model.safetensors").write_bytes(b"")
    completed(model_path="runs/x/model.safetensors")
    completed(task_id="TASK_GONE", model_path="runs/y/model.safetensors")
    completed(executor=Executor.SAMPLE)
    summary, gone = work.models()
    assert summary.found == "1 completed and usable; 1 samples, which never have a model"
    assert gone.check == "Model TASK_GONE"
    assert_problem(gone, "not in the picker", "runs/y/model.safetensors")


def test_an_engine_without_a_package_is_a_problem(monkeypatch):
    monkeypatch.setattr(work, "ENGINE_PACKAGES", ("json", "no_such_package"))
    assert_problem(work.engine(), "no_such_package", "make setup")
    monkeypatch.setattr(work, "ENGINE_PACKAGES", ("json",))
    assert work.engine().level == Level.OK


def test_the_exit_status_and_the_json_tell_of_problems(monkeypatch, capsys):
    monkeypatch.setattr(work, "ENGINE_PACKAGES", ("json",))
    with pytest.raises(SystemExit) as end:
        call_command("doctor", "--json")
    findings = json.loads(capsys.readouterr().out)
    assert end.value.code == 1
    assert {"check", "level", "found", "cause", "remedy"} == set(findings[0])
    assert "Worker" in {finding["check"] for finding in findings if finding["level"] == "problem"}


def test_all_is_well_with_status_zero(monkeypatch, capsys):
    now = timezone.now()
    Worker.objects.create(name="w", host="h", pid=1, slots=1, started_at=now, seen_at=now)
    ensure_administrator()
    monkeypatch.setattr(work, "ENGINE_PACKAGES", ("json",))
    monkeypatch.setattr(serving, "health", lambda number: None)
    monkeypatch.setattr(serving, "port_problem", lambda host, number: None)
    call_command("doctor")
    out = capsys.readouterr().out
    assert "Everything is in order." in out
    assert "✗" not in out


@pytest.mark.parametrize("url", ["", "mysql://root@127.0.0.1:1/nothing"], ids=["empty SQLite", "absent MySQL"])
def test_it_ends_with_findings_and_no_traceback_without_a_database(url: str, tmp_path: Path):
    env = {**os.environ, "DATABASE_URL": url, "DISTILLATION_HOME": str(tmp_path / "fresh")}
    command = [sys.executable, "-c", PATCHED]
    done = subprocess.run(command, cwd=django_settings.BASE_DIR, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert ("migrations are not applied" if not url else "does not answer") in done.stdout


PATCHED = """
import django, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "distillation_site.settings"
django.setup()
from django.core.management import execute_from_command_line
from distillation.management.doctor import work
work.ENGINE_PACKAGES = ("json",)  # importing torch takes seconds and is not the subject
execute_from_command_line(["manage.py", "doctor"])
"""
