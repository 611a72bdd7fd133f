"""kill -9 of the engine, of the worker and of both, at five moments each: the run ends as if undisturbed."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pytest

from distillation.tests.jobs.conftest import Prepared
from distillation.tests.jobs.platform import STUDENT, Platform, alive

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

MOMENTS = {
    "at its start": lambda event: event["kind"] == "started",
    "while the teacher speaks": lambda event: event["kind"] == "phase" and event["phase"] == "teacher",
    "while the student learns": lambda event: event["kind"] == "checkpoint" and event["arm"] == "student",
    "while the control learns": lambda event: event["kind"] == "step" and event["arm"] == "control",
    "while it is evaluated": lambda event: event["kind"] == "phase" and event["phase"] == "evaluate",
}


@pytest.mark.parametrize("moment", list(MOMENTS))
@pytest.mark.parametrize("victim", ["engine", "worker", "both"])
def test_a_killed_run_ends_with_the_weights_of_an_undisturbed_one(
    platform: Platform, prepared: Prepared, victim, moment
):
    task_id = platform.create(**STUDENT, teacherModel=prepared.teacher_id)
    worker = platform.start_worker()
    platform.wait(moment, lambda: any(MOMENTS[moment](event) for event in platform.events(task_id)))
    if victim in ("engine", "both"):
        os.kill(platform.engine_pids(task_id)[-1], signal.SIGKILL)
    if victim in ("worker", "both"):
        worker.kill()
        worker.wait()
        worker = platform.start_worker()  # as the supervisor of `make run` does
    platform.wait("the task is completed", lambda: platform.task(task_id)["status"] == "COMPLETED", 300)
    assert platform.weights(task_id) == prepared.weights
    assert platform.task(task_id)["attempt"] >= 2
    assert [epoch for (epoch,) in platform.rows(
        "select epoch from md_training_history where task_id = ? order by epoch", task_id
    )] == list(range(1, 61))  # fmt: skip
    assert len(platform.rows("select 1 from md_model_evaluation where task_id = ?", task_id)) == 1
    for arm in ("student", "control"):
        assert_one_curve(platform, task_id, arm)
    assert not [pid for pid in platform.engine_pids(task_id) if alive(pid)]


def test_a_run_killed_in_its_second_seed_delivers_the_first_ones_weights(platform: Platform, prepared: Prepared):
    settings = STUDENT | {"epochs": 8, "teacherModel": prepared.teacher_id}
    task_id, single = platform.create(**settings, seeds=[0, 5]), platform.create(**settings, seed=0)
    platform.start_worker()
    platform.wait(
        "the second seed learns", lambda: any(_is_of_second_seed(event) for event in platform.events(task_id))
    )
    os.kill(platform.engine_pids(task_id)[-1], signal.SIGKILL)
    for task in (task_id, single):
        platform.wait("the task is completed", lambda task=task: platform.task(task)["status"] == "COMPLETED", 300)
    assert platform.task(task_id)["attempt"] == 2
    assert platform.weights(task_id) == platform.weights(single)
    history = platform.rows("select epoch from md_training_history where task_id = ? order by epoch", task_id)
    assert [epoch for (epoch,) in history] == list(range(1, 9))
    curves = platform.rows(
        "select p.arm, count(*) from md_metric_point p join md_training_task t on t.id = p.task_id "
        "where t.task_id = ? and p.name = 'valLoss' group by p.arm", task_id
    )  # fmt: skip
    assert dict(curves) == dict.fromkeys(("student", "control", "student2", "control2"), 8)
    ((detail,),) = platform.rows("select detailed_results from md_model_evaluation where task_id = ?", task_id)
    found = json.loads(detail)
    assert [run["seed"] for run in found["seeds"]["runs"]] == [0, 5]
    assert found["seeds"]["runs"][0]["student"] == found["accuracy"]
    assert found["seeds"]["runs"][0]["control"] == found["control"]["accuracy"]


def _is_of_second_seed(event: dict[str, Any]) -> bool:
    return event["kind"] == "epoch" and event["arm"] == "student2"


def assert_one_curve(platform: Platform, task_id: str, arm: str) -> None:
    """Nothing of what a killed attempt did behind its last checkpoint is left: later steps have later times."""
    query = (
        "select p.step, p.time from md_metric_point p join md_training_task t on t.id = p.task_id "
        "where t.task_id = ? and p.arm = ? and p.name = ? order by p.step"
    )
    points = platform.rows(query, task_id, arm, "loss")
    assert len(points) > 1
    assert [time for _, time in points] == sorted(time for _, time in points)
    epochs = platform.rows(query, task_id, arm, "valLoss")
    assert len(epochs) == 60
    assert [time for _, time in epochs] == sorted(time for _, time in epochs)
    assert epochs[-1][0] >= points[-1][0]


def test_an_engine_whose_worker_dies_ends_by_itself(platform: Platform, prepared: Prepared):
    task_id = platform.create(**STUDENT | {"epochs": 5000}, teacherModel=prepared.teacher_id)
    worker = platform.start_worker()
    platform.wait("it trains", lambda: any(event["kind"] == "checkpoint" for event in platform.events(task_id)))
    engine = platform.engine_pids(task_id)[-1]
    worker.kill()
    platform.wait("the engine is gone", lambda: not alive(engine), 15)
    assert platform.task(task_id)["status"] == "RUNNING"  # until the lease expires
