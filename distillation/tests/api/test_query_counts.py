"""The number of queries does not grow with the rows; the first finds the session's user with roles and teams."""

from __future__ import annotations

import pytest
from rest_framework_simplejwt.tokens import AccessToken

from distillation.models import ModelEvaluation, TrainingHistory, TrainingTask
from distillation.tests.api.conftest import ROOT, bearer, person
from distillation.tests.factories import PresetFactory, TaskFactory

USER = 1
STATES = ["COMPLETED", "RUNNING", "QUEUED", "FAILED", "PENDING"]
FILTERS = [
    "status=COMPLETED", "keyword=a", "owner=alice", "teacherModel=big-teacher", "studentModel=cnn-tiny",
    "taskType=classification", "executor=platform", "visibility=team", "groupId=x", "datasetId=digits",
    "createdAfter=2026-01-01", "ordering=-bestAccuracy", "ordering=taskName,-loss",
]  # fmt: skip


@pytest.fixture
def client(db):
    return bearer(str(AccessToken.for_user(person("alice", "R_ENGINEER", "red"))))


@pytest.fixture(params=[10, 1000], ids=["10 rows", "1000 rows"])
def rows(request, db):
    TrainingTask.objects.bulk_create(
        TaskFactory.build(status=STATES[index % 5], model_path=f"runs/{index}.safetensors", create_by=owner)
        for index, owner in zip(range(request.param), ["alice", "bob", None] * request.param, strict=False)
    )
    return request.param


@pytest.mark.parametrize("page", ["page=1&pageSize=5", "page=2&pageSize=5", "page=1&pageSize=500"])
@pytest.mark.parametrize("filter_", ["", *FILTERS])
def test_a_page_of_tasks_takes_three_whatever_the_filter(client, rows, django_assert_max_num_queries, page, filter_):
    with django_assert_max_num_queries(USER + 2):
        assert client.get(f"{ROOT}/tasks?{page}&{filter_}").status_code in (200, 400)


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("/tasks", 2),
        ("/tasks/running", 2),
        ("/tasks/recent?limit=3", 2),
        ("/tasks/status/COMPLETED", 2),
        ("/completed-models", 2),
        ("/completed-models?taskType=classification&minAccuracy=1&teacherModel=a&studentModel=b", 2),
        ("/statistics", 2),
    ],
)
def test_lists_take_two_or_three(client, rows, django_assert_max_num_queries, path, queries):
    with django_assert_max_num_queries(USER + queries):
        assert client.get(ROOT + path).status_code == 200


def test_presets_and_data_sets(client, digits, django_assert_num_queries):
    for _ in range(30):
        PresetFactory()
    with django_assert_num_queries(USER + 1):
        assert client.get(f"{ROOT}/lora-presets").status_code == 200
    with django_assert_num_queries(USER + 2):
        assert client.get(f"{ROOT}/datasets").status_code == 200


@pytest.mark.parametrize("executor", ["platform", "external", "sample"])
@pytest.mark.parametrize("status", ["PENDING", "QUEUED", "RUNNING", "PAUSED", "STOPPED", "COMPLETED", "FAILED"])
@pytest.mark.parametrize("teacher", ["big-teacher", "TASK_T", ""])
def test_a_task_takes_at_most_three(client, rows, digits, django_assert_max_num_queries, status, executor, teacher):
    TaskFactory(task_id="TASK_T", status="COMPLETED")
    task = TaskFactory(
        status=status,
        executor=executor,
        teacher_model=teacher,
        training_mode="distillation" if teacher else "direct",
        queued_at="2026-02-01T00:00:00Z",
    )
    with django_assert_max_num_queries(USER + 2):
        assert client.get(f"{ROOT}/tasks/{task.task_id}").status_code == 200


@pytest.mark.parametrize("path", ["history", "history/latest", "evaluations", "evaluations/best", "transitions"])
@pytest.mark.parametrize("number", [10, 1000])
def test_what_hangs_on_a_task(client, django_assert_max_num_queries, number, path):
    task = TaskFactory()
    TrainingHistory.objects.bulk_create(TrainingHistory(task=task, epoch=epoch) for epoch in range(number))
    ModelEvaluation.objects.bulk_create(ModelEvaluation(task=task) for _ in range(number))
    with django_assert_max_num_queries(USER + 3):
        assert client.get(f"{ROOT}/tasks/{task.task_id}/{path}").status_code == 200


def test_a_list_touches_no_file(client, monkeypatch, home):
    from pathlib import Path

    TaskFactory(status="COMPLETED", model_path="runs/a.safetensors")

    def touched(*args, **kwargs):
        raise AssertionError("a list looked at the disk")

    client.get(f"{ROOT}/tasks")
    for name in ("resolve", "is_file", "stat", "exists"):
        monkeypatch.setattr(Path, name, touched)
    assert client.get(f"{ROOT}/tasks").status_code == 200
