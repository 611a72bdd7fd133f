"""Two workers, one task: real processes on a real database, exactly one wins."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]
PROCESSES = 4
TASKS = 25

SETUP = """
import django; django.setup()
from distillation.models import TrainingTask, TaskStatus
from django.utils import timezone
for n in range({tasks}):
    TrainingTask.objects.create(task_name=str(n), student_model="cnn-tiny", status="QUEUED", queued_at=timezone.now())
"""
CLAIM = """
import sys, time
import django; django.setup()
from distillation import lifecycle
from distillation.models import TrainingTask
name, begin = sys.argv[1], float(sys.argv[2])
tasks = list(TrainingTask.objects.queued())
while time.time() < begin:
    time.sleep(0.001)
print(sum(lifecycle.claim(task, name) for task in tasks))
"""
CHECK = """
import django; django.setup()
from django.db.models import Count
from distillation.models import TaskTransition, TrainingTask
assert TrainingTask.objects.filter(status="RUNNING", attempt=1).exclude(lease_owner=None).count() == {tasks}
doubled = TaskTransition.objects.values("task_id").annotate(n=Count("id")).filter(n__gt=1)
assert not doubled.exists(), list(doubled)
print("fine")
"""


def run(code: str, environment: dict[str, str], *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], env=environment, cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )


def race(url: str, home: Path) -> None:
    environment = os.environ | {
        "DATABASE_URL": url,
        "DISTILLATION_HOME": str(home),
        "DJANGO_SETTINGS_MODULE": "distillation_site.settings",
    }
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=environment, cwd=PROJECT, check=True)
    assert run(SETUP.format(tasks=TASKS), environment).wait() == 0
    begin = str(time.time() + 4)
    claimers = [run(CLAIM, environment, f"w{n}", begin) for n in range(PROCESSES)]
    won = [int(process.communicate(timeout=120)[0]) for process in claimers]
    assert sum(won) == TASKS, won
    check = run(CHECK.format(tasks=TASKS), environment)
    assert check.communicate(timeout=60)[0].strip() == "fine"


@pytest.mark.slow
def test_each_task_is_claimed_once_on_sqlite(tmp_path):
    race(f"sqlite:///{tmp_path / 'race.sqlite3'}", tmp_path)


@pytest.mark.mysql
def test_each_task_is_claimed_once_on_mariadb(mysql_database, tmp_path):
    race(mysql_database, tmp_path)
