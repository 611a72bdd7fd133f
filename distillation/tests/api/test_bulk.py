"""One action for many tasks: every row on its own, with its own answer."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from distillation.datasets.outline import outline
from distillation.jobs import bulk, control
from distillation.models import AuditEntry, TaskTransition, TrainingTask
from distillation.tests.api.conftest import ROOT, client_of, person
from distillation.tests.factories import TaskFactory

URL = f"{ROOT}/tasks/bulk"
DIRECT = {"training_mode": "direct", "teacher_model": "", "training_config": '{"imageSize": 8}'}


def do(api, action, *task_ids, **more):
    answer = api.post(URL, {"action": action, "taskIds": list(task_ids), **more}, format="json")
    assert answer.status_code == 200, answer.content
    return answer.json()["data"]


def test_each_row_has_its_own_result(api, digits):
    TaskFactory(task_id="GOOD", **DIRECT)
    TaskFactory(task_id="DONE", status="COMPLETED", **DIRECT)
    TaskFactory(task_id="BROKEN", dataset_id="nowhere", **DIRECT)
    data = do(api, "start", "DONE", "GOOD", "NONE", "BROKEN")
    assert (data["succeeded"], data["failed"]) == (1, 3)
    rows = {row["taskId"]: row for row in data["results"]}
    assert [row["taskId"] for row in data["results"]] == ["DONE", "GOOD", "NONE", "BROKEN"]
    assert (rows["GOOD"]["ok"], rows["GOOD"]["status"], rows["GOOD"]["message"]) == (True, "QUEUED", None)
    assert "DONE is COMPLETED" in rows["DONE"]["message"]
    assert (rows["NONE"]["status"], rows["NONE"]["message"]) == (None, "There is no task NONE.")
    assert "There is no data set nowhere" in rows["BROKEN"]["message"]
    assert rows["BROKEN"]["status"] == "PENDING"


def test_it_says_the_same_as_the_single_endpoint(api, digits):
    TaskFactory(task_id="A", status="RUNNING", **DIRECT)
    single = api.post(f"{ROOT}/tasks/A/start").json()["message"]
    assert do(api, "start", "A")["results"][0]["message"] == single


def test_an_id_that_is_there_twice_counts_once(api, digits):
    TaskFactory(task_id="A", **DIRECT)
    data = do(api, "start", "A", "A", "A")
    assert (len(data["results"]), data["succeeded"]) == (1, 1)
    assert TaskTransition.objects.count() == 1


def test_stop_and_pause_of_running_tasks_answer_with_the_intent(api):
    TaskFactory(task_id="A", status="RUNNING")
    TaskFactory(task_id="B", status="QUEUED")
    rows = do(api, "stop", "A", "B")["results"]
    assert [(row["status"], row["intent"]) for row in rows] == [("RUNNING", "stop"), ("STOPPED", None)]


def test_deleted_tasks_are_restored_by_those_who_may_change_them(api):
    TaskFactory(task_id="A")
    assert do(api, "delete", "A")["succeeded"] == 1
    assert do(api, "stop", "A")["results"][0]["message"] == "There is no task A."
    assert do(api, "restore", "A", "A")["succeeded"] == 1
    assert "is not deleted" in do(api, "restore", "A")["results"][0]["message"]


def test_fresh_reaches_every_start(api, digits):
    for task_id in "AB":
        TaskFactory(task_id=task_id, status="STOPPED", current_epoch=3, **DIRECT)
    do(api, "start", "A", "B", fresh=True)
    assert set(TrainingTask.objects.values_list("fresh", "current_epoch")) == {(True, 0)}


def test_a_row_that_one_may_not_see_does_not_exist_and_one_that_is_anothers_says_so(db, digits):
    alice = client_of(person("alice", "R_ENGINEER", "红队"))
    person("bob", "R_ENGINEER", "红队")
    person("eva", "R_ENGINEER", "蓝队")
    TaskFactory(task_id="MINE", create_by="alice", status="QUEUED")
    TaskFactory(task_id="BOBS", create_by="bob", status="QUEUED")
    TaskFactory(task_id="EVAS", create_by="eva", status="QUEUED")
    rows = {row["taskId"]: row for row in do(alice, "stop", "MINE", "BOBS", "EVAS")["results"]}
    assert rows["MINE"]["ok"]
    assert "belongs to bob" in rows["BOBS"]["message"]
    assert rows["BOBS"]["status"] == "QUEUED"
    assert (rows["EVAS"]["message"], rows["EVAS"]["status"]) == ("There is no task EVAS.", None)
    assert set(TrainingTask.objects.filter(status="QUEUED").values_list("task_id", flat=True)) == {"BOBS", "EVAS"}


def test_a_viewer_changes_nothing(db):
    viewer = client_of(person("v", "R_VIEWER"))
    TaskFactory(task_id="A", create_by="v", status="QUEUED", visibility="everyone")
    assert do(viewer, "delete", "A")["failed"] == 1


def test_every_row_is_in_the_audit_log(api):
    for task_id in "AB":
        TaskFactory(task_id=task_id, status="QUEUED")
    do(api, "stop", "A", "B")
    assert set(AuditEntry.objects.filter(verb="stop").values_list("object_id", flat=True)) == {"A", "B"}


def test_a_row_that_the_database_refuses_keeps_no_other(api, monkeypatch):
    for task_id in "ABC":
        TaskFactory(task_id=task_id, status="QUEUED")

    def sometimes(task, actor):
        if task.task_id == "B":
            raise OperationalError("database is locked")
        control.stop(task, actor)

    monkeypatch.setitem(bulk._VERBS, "stop", sometimes)
    rows = do(api, "stop", "A", "B", "C")["results"]
    assert [row["ok"] for row in rows] == [True, False, True]
    assert "Try again" in rows[1]["message"]
    assert "locked" not in rows[1]["message"]


def test_two_hundred_starts_look_at_the_data_once(api, digits, monkeypatch):
    looks = []

    def look(*roots):
        looks.append(roots)
        return outline(*roots)

    monkeypatch.setattr("distillation.services.surroundings.outline", look)
    for index in range(20):
        TaskFactory(task_id=f"T{index}", **DIRECT)
    assert do(api, "start", *(f"T{index}" for index in range(20)))["succeeded"] == 20
    assert len(looks) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "action"),
        ({"action": "start"}, "taskIds"),
        ({"action": "explode", "taskIds": ["A"]}, "action"),
        ({"action": ["start"], "taskIds": ["A"]}, "action"),
        ({"action": "__class__", "taskIds": ["A"]}, "action"),
        ({"action": "may", "taskIds": ["A"]}, "action"),
        ({"action": "start", "taskIds": []}, "taskIds"),
        ({"action": "start", "taskIds": "A"}, "taskIds"),
        ({"action": "start", "taskIds": {"A": 1}}, "taskIds"),
        ({"action": "start", "taskIds": [1]}, "taskIds"),
        ({"action": "start", "taskIds": ["A", None]}, "taskIds"),
        ({"action": "start", "taskIds": [""]}, "taskIds"),
        ({"action": "start", "taskIds": ["x" * 65]}, "taskIds"),
        ({"action": "start", "taskIds": [f"T{index}" for index in range(201)]}, "taskIds"),
        ({"action": "start", "taskIds": ["A"], "fresh": "perhaps"}, "fresh"),
    ],
)
def test_a_request_that_is_not_well_formed_is_400_and_does_nothing(api, body, field):
    TaskFactory(task_id="A", status="QUEUED")
    answer = api.post(URL, body, format="json")
    assert answer.status_code == 400
    assert field in answer.json()["data"]
    assert not TaskTransition.objects.exists()


def test_only_post_is_possible(api):
    assert api.put(URL, {}, format="json").status_code == 405
