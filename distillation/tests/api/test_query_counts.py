"""The number of queries does not grow with the rows (two of them find the session and the user)."""

from __future__ import annotations

import pytest

from distillation.tests.api.conftest import ROOT
from distillation.tests.factories import EvaluationFactory, HistoryFactory, PresetFactory, TaskFactory

SESSION = 2


@pytest.mark.parametrize("rows", [3, 30])
@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("/tasks", 1),
        ("/tasks?page=1&pageSize=30&status=COMPLETED&keyword=a&ordering=-accuracy", 2),
        ("/tasks/running", 1),
        ("/tasks/recent?limit=3", 2),
        ("/completed-models", 1),
        ("/completed-models?taskType=classification", 2),
        ("/lora-presets", 1),
        ("/datasets", 0),
    ],
)
def test_lists(api, django_assert_num_queries, rows, path, queries):
    for index in range(rows):
        TaskFactory(status=["COMPLETED", "RUNNING", "QUEUED"][index % 3], model_path=f"runs/{index}.safetensors")
        PresetFactory()
    with django_assert_num_queries(SESSION + queries):
        assert api.get(ROOT + path).status_code == 200


@pytest.mark.parametrize("rows", [3, 30])
@pytest.mark.parametrize(
    ("status", "queries"),
    [("PENDING", 3), ("QUEUED", 4), ("RUNNING", 1), ("COMPLETED", 1), ("FAILED", 3)],
)
def test_a_task(api, django_assert_num_queries, digits, rows, status, queries):
    for _ in range(rows):
        TaskFactory(status="QUEUED", queued_at="2026-01-31T00:00:00Z")
    task = TaskFactory(status=status, queued_at="2026-02-01T00:00:00Z")
    with django_assert_num_queries(SESSION + queries):
        assert api.get(f"{ROOT}/tasks/{task.task_id}").status_code == 200


@pytest.mark.parametrize("rows", [3, 30])
@pytest.mark.parametrize("path", ["history", "history/latest", "evaluations", "evaluations/best", "transitions"])
def test_what_hangs_on_a_task(api, django_assert_num_queries, rows, path):
    task = TaskFactory()
    for _ in range(rows):
        HistoryFactory(task=task)
        EvaluationFactory(task=task)
    with django_assert_num_queries(SESSION + 2):
        assert api.get(f"{ROOT}/tasks/{task.task_id}/{path}").status_code == 200


def test_a_list_touches_no_file(api, monkeypatch, home):
    from pathlib import Path

    TaskFactory(status="COMPLETED", model_path="runs/a.safetensors")

    def touched(*args, **kwargs):
        raise AssertionError("a list looked at the disk")

    api.get(f"{ROOT}/tasks")
    for name in ("resolve", "is_file", "stat", "exists"):
        monkeypatch.setattr(Path, name, touched)
    assert api.get(f"{ROOT}/tasks").status_code == 200
