"""The strip of phases on a task's page: which there are, and how far the run is."""

from __future__ import annotations

import json

import pytest
from django.utils.translation import override

from distillation.admin import task_phases
from distillation.tests.admin.conftest import page_of
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db


def strip(**columns) -> str:
    with override("en"):
        steps = task_phases.strip(TaskFactory(**columns))
    return " ".join(f"{step.name}:{step.state}{f'({step.note})' if step.note else ''}" for step in steps)


def test_a_phase_that_the_run_does_not_have_is_not_there():
    assert strip(training_mode="direct") == "prepare:ahead train:ahead evaluate:ahead export:ahead"
    assert "adapt" not in strip()
    assert strip(training_config='{"loraTarget": "teacher"}').split()[1:3] == ["adapt:ahead", "teacher:ahead"]
    assert "adapt" not in strip(training_config='{"loraTarget": "teacher", "collaboration": "joint"}')


def test_a_running_phase_says_how_far_it_is():
    assert strip(status="RUNNING", phase="prepare", progress=1).startswith("prepare:now teacher:ahead")
    assert "teacher:now(50\xa0%)" in strip(status="RUNNING", phase="teacher", progress=8)
    assert "train:now(0\xa0%)" in strip(status="RUNNING", phase="student", progress=13)
    assert "train:now(62\xa0%)" in strip(status="RUNNING", phase="student", progress=65)


def test_of_several_arms_it_says_which():
    config = json.dumps({"control": True, "seeds": [1, 2]})
    assert "train:now(0\xa0% · 3 of 4)" in strip(
        status="RUNNING", phase="student2", progress=55, training_config=config
    )


@pytest.mark.parametrize("status", ["FAILED", "PAUSED", "STOPPED"])
def test_a_run_that_broke_off_shows_where(status):
    found = strip(status=status, phase="student", progress=55)
    assert "teacher:done train:broken(50\xa0%) evaluate:ahead" in found


def test_a_finished_run_has_all_behind_it():
    assert {part.split(":")[1] for part in strip(status="COMPLETED", phase="export").split()} == {"done"}


@pytest.mark.parametrize("executor", ["external", "sample"])
def test_nobody_reports_the_phases_of_other_executors(executor):
    assert strip(executor=executor, status="RUNNING") == ""


@pytest.mark.parametrize("config", ["[", '{"seeds": "x"}', '{"seeds": [[]], "control": 7}', '{"loraTarget": {}}'])
def test_settings_that_cannot_be_read_do_no_harm(console, config):
    task = TaskFactory(status="RUNNING", phase="nowhere", training_config=config)
    assert console.get(page_of(task)).status_code == 200
