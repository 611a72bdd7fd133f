"""The fixture of samples: loads, loads twice, goes away, and never touches real rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import IntegrityError

from distillation.management.installation import load_samples_once
from distillation.models import Executor, ModelEvaluation, TaskStatus, TrainingHistory, TrainingTask
from distillation.selectors import type_of_task
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db


def test_the_fixture_holds_five_tasks_five_records_and_one_evaluation():
    call_command("loaddata", "sample_tasks", verbosity=0)
    tasks = {task.task_id: task for task in TrainingTask.objects.all()}
    assert sorted(tasks) == [f"TASK_00{n}" for n in range(1, 6)]
    assert {task.executor for task in tasks.values()} == {Executor.SAMPLE}
    kinds = TrainingTask.objects.order_by("task_id").values_list(type_of_task(), flat=True)
    assert list(kinds) == [
        "detection",
        "classification",
        "segmentation",
        "sequence",
        "classification",
    ]
    running = tasks["TASK_004"]
    assert (running.status, running.progress, running.current_epoch, running.total_epochs) == ("RUNNING", 60, 18, 30)
    assert running.end_time is None
    assert running.duration is None
    assert running.model_path is None
    done = tasks["TASK_001"]
    assert done.status == TaskStatus.COMPLETED
    assert (done.accuracy, done.best_accuracy, done.loss) == (Decimal("92.5"), Decimal("93.2"), Decimal("0.0234"))
    assert done.model_path == "/models/distillation/TASK_001/final_model.pth"
    assert done.end_time is not None
    assert done.start_time is not None
    assert (done.end_time - done.start_time).total_seconds() == done.duration == 7200
    last = TrainingHistory.objects.order_by("epoch").last()
    assert last is not None
    assert (last.task.task_id, last.epoch, last.val_accuracy) == ("TASK_001", 50, Decimal("91.2"))
    assert TrainingHistory.objects.count() == 5
    details = json.loads(ModelEvaluation.objects.get().detailed_results or "")
    assert details["confusion_matrix"][0] == [450, 30, 20]


def test_loading_twice_changes_nothing():
    call_command("loaddata", "sample_tasks", verbosity=0)
    before = list(TrainingTask.objects.order_by("id").values())
    call_command("loaddata", "sample_tasks", verbosity=0)
    assert list(TrainingTask.objects.order_by("id").values()) == before
    assert (TrainingHistory.objects.count(), ModelEvaluation.objects.count()) == (5, 1)


def test_a_real_task_of_the_same_name_stops_the_load_and_stays_as_it_is():
    TaskFactory(task_id="TASK_001", task_name="ours")
    with pytest.raises(IntegrityError):
        call_command("loaddata", "sample_tasks", verbosity=0)
    assert TrainingTask.objects.get(task_id="TASK_001").task_name == "ours"


def test_removing_takes_the_samples_and_nothing_else(capsys):
    ours = TaskFactory()
    call_command("loaddata", "sample_tasks", verbosity=0)
    call_command("remove_samples")
    assert "5 sample tasks removed" in capsys.readouterr().out
    assert list(TrainingTask.objects.all()) == [ours]
    assert not TrainingHistory.objects.exists()
    assert not ModelEvaluation.objects.exists()
    call_command("remove_samples")
    assert "0 sample tasks removed" in capsys.readouterr().out


def test_a_start_does_not_bring_removed_samples_back():
    assert load_samples_once()
    call_command("remove_samples")
    assert not load_samples_once()
    assert not TrainingTask.objects.exists()


def test_a_start_loads_no_samples_beside_real_tasks():
    TaskFactory()
    assert not load_samples_once()
    assert TrainingTask.objects.count() == 1


@pytest.mark.mysql
def test_the_fixture_loads_twice_and_goes_away_on_mysql(mysql_database: str, tmp_path: Path):
    env = {**os.environ, "DATABASE_URL": mysql_database, "DISTILLATION_HOME": str(tmp_path / "mysql-home")}
    for command in (["migrate"], *[["loaddata", "sample_tasks"]] * 2, ["remove_samples"]):
        done = subprocess.run(
            [sys.executable, "manage.py", *command], cwd=settings.BASE_DIR, env=env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    assert "5 sample tasks removed" in done.stdout
