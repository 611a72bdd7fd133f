"""kill -9 of the engine, of the worker and of both: the run ends as if undisturbed.

The engine alone is killed at five moments. What a worker leaves behind differs at three: nothing yet, half a curve,
and a run that is nearly done; the engine's own way back is tested for every kind of run in ``engine/kills``.
"""

from __future__ import annotations

import os
import signal

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


OF_A_WORKER = ("at its start", "while the student learns", "while it is evaluated")
CASES = [("engine", moment) for moment in MOMENTS] + [
    (victim, moment) for victim in ("worker", "both") for moment in OF_A_WORKER
]


@pytest.mark.parametrize(("victim", "moment"), CASES)
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
    )] == list(range(1, STUDENT["epochs"] + 1))  # fmt: skip
    assert len(platform.rows("select 1 from md_model_evaluation where task_id = ?", task_id)) == 1
    for arm in ("student", "control"):
        assert_one_curve(platform, task_id, arm)
    assert not [pid for pid in platform.engine_pids(task_id) if alive(pid)]


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
    assert len(epochs) == STUDENT["epochs"]
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
