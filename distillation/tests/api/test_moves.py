"""Start, stop, pause, resume: the task is the answer, a refused move is 409."""

from __future__ import annotations

import pytest

from distillation.models import TaskTransition, TrainingTask
from distillation.tests.api.conftest import ROOT
from distillation.tests.factories import TaskFactory


@pytest.fixture
def task(digits):
    return TaskFactory(task_id="T", training_mode="direct", teacher_model="", current_epoch=2)


def move(api, verb):
    return api.post(f"{ROOT}/tasks/T/{verb}")


def test_start_queues_and_says_what_it_waits_for(api, task):
    data = move(api, "start").json()["data"]
    assert (data["status"], data["queuePosition"], data["updateBy"]) == ("QUEUED", 1, "alice")
    assert "worker" in data["waitingReason"].lower()
    assert data["queuedAt"]


@pytest.mark.parametrize(("query", "epoch"), [("", 2), ("?fresh=false", 2), ("?fresh=true", 0), ("?fresh=1", 0)])
def test_a_fresh_start_forgets_the_progress(api, task, query, epoch):
    assert api.post(f"{ROOT}/tasks/T/start{query}").json()["data"]["currentEpoch"] == epoch


def test_fresh_must_be_a_boolean(api, task):
    answer = api.post(f"{ROOT}/tasks/T/start?fresh=perhaps")
    assert answer.status_code == 400
    assert "fresh" in answer.json()["data"]
    assert TrainingTask.objects.get().status == "PENDING"


def test_a_queued_task_pauses_resumes_and_stops_at_once(api, task):
    move(api, "start")
    assert [move(api, verb).json()["data"]["status"] for verb in ("pause", "resume", "stop")] == [
        "PAUSED", "QUEUED", "STOPPED",
    ]  # fmt: skip


@pytest.mark.parametrize("verb", ["stop", "pause"])
def test_a_running_task_answers_running_with_the_intent(api, digits, verb):
    TaskFactory(task_id="T", status="RUNNING")
    data = move(api, verb).json()["data"]
    assert (data["status"], data["intent"]) == ("RUNNING", verb)
    assert move(api, verb).status_code == 409


@pytest.mark.parametrize(
    ("status", "verb"),
    [("PENDING", "stop"), ("PENDING", "resume"), ("COMPLETED", "start"), ("RUNNING", "start"), ("FAILED", "pause")],
)
def test_a_refused_move_is_409_and_names_the_state(api, status, verb):
    TaskFactory(task_id="T", status=status)
    answer = move(api, verb)
    assert answer.status_code == 409
    assert status in answer.json()["message"]
    assert answer.json()["data"] is None


def test_a_sample_cannot_be_started(api):
    TaskFactory(task_id="T", executor="sample")
    assert "sample" in move(api, "start").json()["message"]


def test_an_external_task_runs_at_once_and_stops_at_once(api):
    TaskFactory(task_id="T", executor="external")
    assert move(api, "start").json()["data"]["status"] == "RUNNING"
    assert move(api, "stop").json()["data"]["status"] == "STOPPED"


def test_transitions_say_who_when_and_why(api, task):
    move(api, "start")
    move(api, "stop")
    rows = api.get(f"{ROOT}/tasks/T/transitions").json()["data"]
    assert [(row["fromStatus"], row["toStatus"], row["actor"]) for row in rows] == [
        ("PENDING", "QUEUED", "alice"), ("QUEUED", "STOPPED", "alice"),
    ]  # fmt: skip
    assert rows[0]["reason"] == "started"
    assert set(rows[0]) == {"id", "taskId", "fromStatus", "toStatus", "actor", "reason", "attempt", "at"}
    assert TaskTransition.objects.count() == 2
