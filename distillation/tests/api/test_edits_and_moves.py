"""Changing a task that has not started, and the log of its moves."""

from __future__ import annotations

import pytest

from distillation.contract.sentence import Refused
from distillation.models import TaskTransition, TrainingTask
from distillation.services.tasks import edit_task
from distillation.tests.api.conftest import ROOT
from distillation.tests.factories import TaskFactory


@pytest.fixture
def task(api, request_body):
    return api.post(f"{ROOT}/tasks", request_body, format="json").json()["data"]


def patch(api, task, **values):
    return api.patch(f"{ROOT}/tasks/{task['taskId']}", values, format="json")


def test_unknown_keys_are_ignored(api, task):
    answer = patch(api, task, batchSize=8, nonsense=1, status="COMPLETED")
    assert (answer.status_code, answer.json()["data"]["batchSize"], answer.json()["data"]["status"]) == (
        200,
        8,
        "PENDING",
    )


def test_a_task_that_is_sent_back_whole_is_accepted(api, task):
    answer = patch(api, task, **task | {"taskName": "anders"})
    assert (answer.status_code, answer.json()["data"]["taskName"]) == (200, "anders")


def test_an_edit_of_an_older_reading_is_409(api, task):
    assert patch(api, task, updateTime="2026-01-31 13:45:00", batchSize=8).status_code == 409
    assert patch(api, task, updateTime=task["updateTime"], batchSize=8).status_code == 200


@pytest.mark.parametrize("wrong", ["soon", 5, [], "9999-99-99 99:99:99", "0001-01-01T00:00:00-23:59", True])
def test_a_time_that_is_none_is_400(api, task, wrong):
    answer = patch(api, task, updateTime=wrong)
    assert answer.status_code in (400, 409)
    assert answer.status_code == 409 or "updateTime" in answer.json()["data"]


def test_two_edits_that_began_with_the_same_row_do_not_undo_each_other(api, task):
    first, second = (TrainingTask.objects.get(task_id=task["taskId"]) for _ in range(2))
    edit_task(first, {"batchSize": 8}, "alice")
    with pytest.raises(Refused, match="was changed by alice in the meantime"):
        edit_task(second, {"seed": 9}, "bob")
    row = TrainingTask.objects.get(task_id=task["taskId"])
    assert (row.batch_size, row.config["seed"]) == (8, 0)


def test_an_edit_that_crosses_a_start_is_409(api, task):
    read_before = TrainingTask.objects.get(task_id=task["taskId"])
    assert api.post(f"{ROOT}/tasks/{task['taskId']}/start").status_code == 200
    with pytest.raises(Refused, match="QUEUED"):
        edit_task(read_before, {"batchSize": 8}, "alice")


def test_a_sample_is_not_edited(api, digits):
    TaskFactory(task_id="S", executor="sample", training_mode="direct", teacher_model="")
    answer = api.patch(f"{ROOT}/tasks/S", {"batchSize": 8}, format="json")
    assert answer.status_code == 409
    assert TrainingTask.objects.get(task_id="S").executor == "sample"


def test_visibility_group_and_origin_are_on_the_wire(api, task):
    answer = patch(api, task, visibility="private").json()["data"]
    assert (answer["visibility"], answer["groupId"], answer["clonedFrom"]) == ("private", None, None)
    assert api.get(f"{ROOT}/tasks").json()["data"][0]["groupId"] is None


# Moves


def test_moves_say_who_when_and_why_with_the_first_one_first(api, task):
    for verb in ("start", "pause", "resume", "stop"):
        assert api.post(f"{ROOT}/tasks/{task['taskId']}/{verb}").status_code == 200
    rows = api.get(f"{ROOT}/tasks/{task['taskId']}/transitions").json()["data"]
    assert [(row["fromStatus"], row["toStatus"], row["actor"]) for row in rows] == [
        ("PENDING", "QUEUED", "alice"),
        ("QUEUED", "PAUSED", "alice"),
        ("PAUSED", "QUEUED", "alice"),
        ("QUEUED", "STOPPED", "alice"),
    ]
    assert [row["reason"] for row in rows] == ["started", "paused", "resumed", "stopped"]
    assert all(row["at"] for row in rows)


def test_of_many_moves_the_last_ones_are_sent_and_all_are_counted(api, settings, django_assert_num_queries):
    row = TaskFactory(task_id="T")
    TaskTransition.objects.bulk_create(
        TaskTransition(task=row, from_status="QUEUED", to_status="RUNNING", actor=str(n)) for n in range(30)
    )
    answer = api.get(f"{ROOT}/tasks/T/transitions?limit=3")
    assert [move["actor"] for move in answer.json()["data"]] == ["27", "28", "29"]
    assert answer["X-Total-Count"] == "30"
    settings.DISTILLATION_LIST_LIMIT = 5
    with django_assert_num_queries(2 + 3):  # session, user; task, moves, count
        assert len(api.get(f"{ROOT}/tasks/T/transitions?limit=100").json()["data"]) == 5
    assert api.get(f"{ROOT}/tasks/T/transitions?limit=-1").status_code == 400


@pytest.mark.parametrize("body", [{"batchSize": -1}, {"updateTime": "soon"}, {"trainingConfig": "{"}, {}])
@pytest.mark.parametrize(
    ("state", "says"),
    [({"status": "RUNNING"}, "RUNNING"), ({"status": "COMPLETED"}, "COMPLETED"), ({"executor": "sample"}, "a sample")],
)
def test_the_state_is_named_before_the_content_is_looked_at(api, body, state, says):
    TaskFactory(task_id="T", training_mode="direct", teacher_model="", **state)
    answer = api.patch(f"{ROOT}/tasks/T", body, format="json")
    assert answer.status_code == 409
    assert says in answer.json()["message"]
