"""Stop, pause, resume and a worker's own shutdown, with real processes."""

from __future__ import annotations

import pytest

from distillation.tests.jobs.conftest import Prepared
from distillation.tests.jobs.platform import STUDENT, Platform, alive

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
LONG = STUDENT | {"epochs": 5000}


def training(platform: Platform, task_id: str) -> None:
    platform.wait("it trains", lambda: any(event["kind"] == "checkpoint" for event in platform.events(task_id)))


def test_a_paused_run_resumes_and_ends_with_the_weights_of_an_undisturbed_one(platform: Platform, prepared: Prepared):
    task_id = platform.create(**STUDENT, teacherModel=prepared.teacher_id)
    platform.start_worker()
    training(platform, task_id)
    platform.verb("pause", task_id)
    platform.wait("it is paused", lambda: platform.task(task_id)["status"] == "PAUSED", 20)
    assert not alive(platform.engine_pids(task_id)[-1])
    platform.verb("resume", task_id)
    platform.wait("it is completed", lambda: platform.task(task_id)["status"] == "COMPLETED")
    assert platform.weights(task_id) == prepared.weights
    assert platform.task(task_id)["lost_count"] == 0


def test_a_stopped_run_keeps_its_checkpoint_and_its_slot_is_free(platform: Platform, prepared: Prepared):
    first = platform.create(**LONG, teacherModel=prepared.teacher_id)
    second = platform.create(**STUDENT, teacherModel=prepared.teacher_id)
    platform.start_worker()
    training(platform, first)
    assert platform.task(second)["status"] == "QUEUED"
    platform.verb("stop", first)
    platform.wait("it is stopped", lambda: platform.task(first)["status"] == "STOPPED", 20)
    assert list((platform.home / "runs" / first / "checkpoints").rglob("*.pt"))
    platform.wait("the next one is completed", lambda: platform.task(second)["status"] == "COMPLETED")


def test_a_worker_that_is_told_to_go_gives_its_run_back_without_counting(platform: Platform, prepared: Prepared):
    task_id = platform.create(**STUDENT, teacherModel=prepared.teacher_id)
    worker = platform.start_worker()
    training(platform, task_id)
    worker.terminate()
    assert worker.wait(timeout=30) == 0
    row = platform.task(task_id)
    assert (row["status"], row["lost_count"], row["lease_owner"]) == ("QUEUED", 0, None)
    assert platform.rows("select count(*) from md_worker") == [(0,)]
    platform.start_worker()
    platform.wait("it is completed", lambda: platform.task(task_id)["status"] == "COMPLETED")
    assert platform.weights(task_id) == prepared.weights


def test_deleting_a_running_task_ends_its_engine(platform: Platform, prepared: Prepared):
    task_id = platform.create(**LONG, teacherModel=prepared.teacher_id)
    platform.start_worker()
    training(platform, task_id)
    platform.verb("delete", task_id)
    platform.wait("it is stopped", lambda: platform.task(task_id)["status"] == "STOPPED", 20)
    assert platform.task(task_id)["del_flag"] == 1
    assert not alive(platform.engine_pids(task_id)[-1])


def test_two_slots_run_two_tasks_at_once(platform: Platform, prepared: Prepared):
    ids = [platform.create(**LONG, teacherModel=prepared.teacher_id) for _ in range(3)]
    platform.start_worker("--slots", "2")
    platform.wait(
        "two run", lambda: [platform.task(task)["status"] for task in ids] == ["RUNNING", "RUNNING", "QUEUED"], 30
    )
    training(platform, ids[0])
    training(platform, ids[1])
