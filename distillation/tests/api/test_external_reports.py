"""What scripts elsewhere report: progress, records, evaluations, the end."""

from __future__ import annotations

import pytest

from distillation.models import TrainingTask
from distillation.tests.api.conftest import ROOT
from distillation.tests.factories import EvaluationFactory, HistoryFactory, TaskFactory


@pytest.fixture
def path(script_task):
    return f"{ROOT}/tasks/{script_task.task_id}"


def test_progress_comes_in_the_body_or_in_the_query(api, path):
    body = api.put(f"{path}/progress", {"currentEpoch": 3, "accuracy": 81.5, "loss": 0.4}, format="json")
    data = body.json()["data"]
    assert (data["currentEpoch"], data["progress"], data["accuracy"], data["loss"]) == (3, 30, 81.5, 0.4)
    data = api.put(f"{path}/progress?currentEpoch=4&accuracy=80").json()["data"]
    assert (data["currentEpoch"], data["accuracy"], data["bestAccuracy"], data["loss"]) == (4, 80.0, 81.5, 0.4)


def test_a_form_body_reports_too(api, path):
    answer = api.generic("PUT", f"{path}/progress", "currentEpoch=5", content_type="application/x-www-form-urlencoded")
    assert answer.json()["data"]["currentEpoch"] == 5


def test_the_query_beats_the_body(api, path):
    answer = api.put(f"{path}/progress?currentEpoch=7", {"currentEpoch": 3, "loss": 1}, format="json")
    assert (answer.json()["data"]["currentEpoch"], answer.json()["data"]["loss"]) == (7, 1.0)


@pytest.mark.parametrize("epoch", ["", "-1", "11", "x", "1.5", "1e99"])
def test_an_epoch_outside_the_run_is_400(api, path, epoch):
    answer = api.put(f"{path}/progress?currentEpoch={epoch}")
    assert answer.status_code == 400
    assert list(answer.json()["data"]) == ["currentEpoch"]


@pytest.mark.parametrize("end", ["progress?currentEpoch=1", "error?errorMessage=x"])
def test_a_task_that_the_platform_runs_takes_no_reports(api, end):
    task = TaskFactory(status="RUNNING")
    assert api.put(f"{ROOT}/tasks/{task.task_id}/{end}").status_code == 409
    assert api.post(f"{ROOT}/tasks/{task.task_id}/complete").status_code == 409
    assert api.post(f"{ROOT}/tasks/{task.task_id}/history", {"epoch": 1}, format="json").status_code == 409


def test_completing_sets_progress_end_and_duration(api, path):
    data = api.post(f"{path}/complete").json()["data"]
    assert (data["status"], data["progress"]) == ("COMPLETED", 100)
    assert data["endTime"]
    assert data["duration"] > 0


@pytest.mark.parametrize(("query", "body", "kept"), [("", {"errorMessage": "显存不足"}, "显存不足"),
                                                     ("?errorMessage=a", {"errorMessage": "b"}, "a")])  # fmt: skip
def test_an_error_fails_the_task_and_answers_null(api, path, query, body, kept):
    answer = api.put(f"{path}/error{query}", body, format="json")
    assert (answer.status_code, answer.json()["data"]) == (200, None)
    data = api.get(path).json()["data"]
    assert (data["status"], data["errorMessage"]) == ("FAILED", kept)
    assert data["endTime"]


def test_history_takes_one_record_or_an_array_and_replaces_an_epoch(api, path, script_task):
    assert api.post(f"{path}/history", {"epoch": 1, "trainLoss": 0.9}, format="json").json()["data"] is None
    records = [{"epoch": 2, "trainLoss": 0.5}, {"epoch": 1, "trainLoss": 0.8, "taskId": script_task.task_id}]
    assert api.post(f"{path}/history", records, format="json").status_code == 200
    rows = api.get(f"{path}/history").json()["data"]
    assert [(row["epoch"], row["trainLoss"]) for row in rows] == [(1, 0.8), (2, 0.5)]


@pytest.mark.parametrize("sent", [{"epoch": 1, "taskId": "OTHER"}, [{"epoch": 1}, {"taskId": "OTHER", "epoch": 2}],
                                  [[]], [1], [None], {"epoch": "x"}, {}])  # fmt: skip
def test_a_wrong_record_is_400_and_nothing_is_kept(api, path, sent):
    assert api.post(f"{path}/history", sent, format="json").status_code == 400
    assert api.get(f"{path}/history").json()["data"] == []


def test_an_empty_array_of_records_is_fine(api, path):
    assert api.post(f"{path}/history", [], format="json").status_code == 200


def test_the_latest_epochs_come_last_first(api):
    task = TaskFactory(task_id="T")
    for epoch in (1, 2, 3):
        HistoryFactory(task=task, epoch=epoch)
    assert [row["epoch"] for row in api.get(f"{ROOT}/tasks/T/history").json()["data"]] == [1, 2, 3]
    assert [row["epoch"] for row in api.get(f"{ROOT}/tasks/T/history/latest?limit=2").json()["data"]] == [3, 2]


def test_an_evaluation_is_recorded_and_sent_back(api, path):
    sent = {"f1Score": 92.33, "map50": 89.7, "evalDatasetId": 101, "detailedResults": {"per_class": [1, 2]}}
    data = api.post(f"{path}/evaluations", sent, format="json").json()["data"]
    assert data["id"]
    assert (data["f1Score"], data["map50"], data["evalDatasetId"]) == (92.33, 89.7, "101")
    assert data["detailedResults"] == '{"per_class": [1, 2]}'
    assert api.post(f"{path}/evaluations", {"precision": 101}, format="json").status_code == 400


def test_the_best_evaluation_has_the_highest_f1_then_map50(api):
    task = TaskFactory(task_id="T")
    assert api.get(f"{ROOT}/tasks/T/evaluations/best").json()["data"] is None
    assert api.get(f"{ROOT}/tasks/T/evaluations/latest").json()["data"] is None
    best = EvaluationFactory(task=task, f1_score=90, map_50=80, eval_time="2026-01-01T00:00:00Z")
    EvaluationFactory(task=task, f1_score=90, map_50=70, eval_time="2026-01-02T00:00:00Z")
    latest = EvaluationFactory(task=task, f1_score=None, eval_time="2026-01-03T00:00:00Z")
    assert api.get(f"{ROOT}/tasks/T/evaluations/best").json()["data"]["id"] == best.pk
    assert api.get(f"{ROOT}/tasks/T/evaluations/latest").json()["data"]["id"] == latest.pk
    assert len(api.get(f"{ROOT}/tasks/T/evaluations").json()["data"]) == 3


def test_a_report_that_lost_the_race_is_409(api, path, script_task):
    TrainingTask.objects.filter(pk=script_task.pk).update(status="STOPPED")
    answer = api.put(f"{path}/progress?currentEpoch=1")
    assert answer.status_code == 409
    assert "STOPPED" in answer.json()["message"]
