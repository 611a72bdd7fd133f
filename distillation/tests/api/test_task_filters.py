"""Filters and orders of task lists: what each finds, and what is refused with the parameter's name."""

from __future__ import annotations

import datetime

import pytest

from distillation.tests.api.conftest import ROOT
from distillation.tests.factories import TaskFactory

DAY = datetime.datetime(2026, 1, 31, 4, tzinfo=datetime.UTC)  # noon where the site is


def ids(answer):
    assert answer.status_code == 200, answer.content
    data = answer.json()["data"]
    return [task["taskId"] for task in (data if isinstance(data, list) else data["records"])]


@pytest.fixture
def three(db):
    TaskFactory(task_id="A", create_time=DAY, accuracy=90, best_accuracy=91, group_id="G", dataset_id="cats")
    TaskFactory(task_id="B", create_time=DAY + datetime.timedelta(hours=1), executor="external", accuracy=90,
                student_model="yolov8n", visibility="everyone")  # fmt: skip
    TaskFactory(task_id="C", create_time=DAY + datetime.timedelta(hours=2), accuracy=80, best_accuracy=99,
                training_config='{"taskType": "detection"}')  # fmt: skip


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=pending", ["C", "B", "A"]),
        ("status=Running", []),
        ("executor=external", ["B"]),
        ("visibility=everyone", ["B"]),
        ("groupId=G", ["A"]),
        ("datasetId=cats", ["A"]),
        ("taskType=detection", ["C", "B"]),
        ("taskType=classification", ["A"]),
        ("createdAfter=2026-01-31 13:00:00", ["C", "B"]),
        ("createdAfter=2026-01-31T05:00:00Z", ["C", "B"]),
        ("createdAfter=2026-01-31T13:00:00%2B08:00&createdBefore=2026-01-31T14:00:00", ["B"]),
        ("createdBefore=2026-01-31", []),
        ("createdAfter=0001-01-01T00:00:00Z&createdBefore=9998-12-31T23:59:59Z", ["C", "B", "A"]),
        ("ordering=bestAccuracy", ["A", "C", "B"]),
        ("ordering=-bestAccuracy", ["C", "A", "B"]),
        ("ordering=-accuracy,createTime", ["A", "B", "C"]),
        ("ordering=-accuracy", ["B", "A", "C"]),
        ("keyword=  &executor=&ordering=&createdAfter=&taskType=", ["C", "B", "A"]),
        ("keyword= a ", ["A"]),
        ("keyword=100%25", []),
        ("minAccuracy=85", ["C", "B", "A"]),
    ],
)
def test_each_filter_narrows(api, three, query, found):
    assert ids(api.get(f"{ROOT}/tasks?{query}")) == found
    assert ids(api.get(f"{ROOT}/tasks?{query}&page=1")) == found


@pytest.mark.parametrize(
    ("path", "name", "value", "sentence"),
    [
        ("/tasks", "status", "wrong", "status cannot be wrong; available: PENDING, QUEUED"),
        ("/tasks", "executor", "me", "executor cannot be me; available: platform, external, sample."),
        ("/tasks", "visibility", "all", "visibility cannot be all; available: private, team, everyone."),
        ("/tasks", "ordering", "id", "ordering cannot be id; available: createTime"),
        ("/tasks", "ordering", "--loss", "ordering cannot be --loss"),
        ("/tasks", "ordering", "loss,del_flag", "ordering cannot be loss,del_flag"),
        ("/tasks", "createdAfter", "yesterday", "createdAfter must be a time such as 2026-01-31 13:45:00."),
        ("/tasks", "createdBefore", "2026-02-31", "createdBefore must be a time"),
        ("/tasks", "keyword", "x" * 256, "keyword has more than 255 characters."),
        ("/completed-models", "minAccuracy", "x", "minAccuracy must be a number from 0 to 100."),
        ("/completed-models", "minAccuracy", "101", "minAccuracy must be a number from 0 to 100."),
        ("/completed-models", "minAccuracy", "NaN", "minAccuracy must be a number from 0 to 100."),
        ("/completed-models", "teacherModel", "x" * 256, "teacherModel has more than 255 characters."),
    ],
)
def test_a_wrong_value_is_400_and_names_the_parameter(api, three, path, name, value, sentence):
    answer = api.get(f"{ROOT}{path}?{name}={value}")
    assert answer.status_code == 400
    assert list(answer.json()["data"]) == [name]
    assert sentence in answer.json()["message"]


def test_every_wrong_parameter_is_named(api, three):
    answer = api.get(f"{ROOT}/tasks?status=x&ordering=y&createdAfter=z&page=1")
    assert set(answer.json()["data"]) == {"status", "ordering", "createdAfter"}


def test_arrays_say_how_many_rows_exist(api, settings):
    settings.DISTILLATION_LIST_LIMIT = 2
    for accuracy in (1, 2, 3):
        TaskFactory(status="COMPLETED", accuracy=accuracy)
    answer = api.get(f"{ROOT}/completed-models")
    assert (len(ids(answer)), answer["X-Total-Count"]) == (2, "3")
    assert api.get(f"{ROOT}/completed-models?minAccuracy=2.5")["X-Total-Count"] == "1"
    assert api.get(f"{ROOT}/lora-presets")["X-Total-Count"] == "4"


@pytest.mark.parametrize("ordering", ["bestAccuracy", "-loss", "taskName,-priority"])
def test_pages_neither_repeat_nor_lose_a_row_when_all_are_equal(api, ordering):
    made = {TaskFactory(task_name="same", create_time=DAY).task_id for _ in range(7)}
    pages = [ids(api.get(f"{ROOT}/tasks?ordering={ordering}&page={page}&pageSize=3")) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert {task_id for page in pages for task_id in page} == made
