"""Completed models, their files, and the data sets."""

from __future__ import annotations

import asyncio
import os

import pytest

from distillation.api.files import ChunkedFile
from distillation.tests.api.conftest import ROOT
from distillation.tests.factories import TaskFactory

FILE = "runs/T/artifacts/model.safetensors"


@pytest.fixture
def model(home):
    path = home / FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(os.urandom(3 * 1024 * 1024))
    return path


def models(api, query=""):
    return api.get(f"{ROOT}/completed-models{query}").json()["data"]


def test_the_most_accurate_comes_first_and_only_completed_ones(api):
    for task_id, accuracy in (("A", 80), ("B", 90), ("C", None)):
        TaskFactory(task_id=task_id, status="COMPLETED", accuracy=accuracy)
    TaskFactory(status="RUNNING", accuracy=99)
    assert [task["taskId"] for task in models(api)] == ["B", "A", "C"]
    assert [task["taskId"] for task in models(api, "?minAccuracy=85")] == ["B"]
    assert len(models(api, "?minAccuracy=&teacherModel=&studentModel=&taskType=")) == 3


def test_filters_of_models(api):
    TaskFactory(task_id="A", status="COMPLETED", teacher_model="t1", student_model="resnet18")
    TaskFactory(task_id="B", status="COMPLETED", teacher_model="t2", student_model="yolov5s")
    assert [task["taskId"] for task in models(api, "?teacherModel=t1")] == ["A"]
    assert [task["taskId"] for task in models(api, "?studentModel=yolov5s")] == ["B"]
    assert [task["taskId"] for task in models(api, "?taskType=detection")] == ["B"]
    assert api.get(f"{ROOT}/completed-models?minAccuracy=x").status_code == 400


@pytest.mark.parametrize("path", ["completed-models", "tasks"])
def test_an_unknown_type_of_task_is_400_with_the_known_ones(api, path):
    answer = api.get(f"{ROOT}/{path}?taskType=foo")
    assert (answer.status_code, list(answer.json()["data"])) == (400, ["taskType"])
    assert "classification, detection, segmentation, sequence" in answer.json()["message"]
    assert api.get(f"{ROOT}/{path}?taskType=").status_code == 200


def test_a_model_says_whether_it_can_be_used(api, model):
    TaskFactory(task_id="T", status="COMPLETED", model_path=FILE)
    TaskFactory(task_id="S", status="COMPLETED", executor="sample")
    found = {task["taskId"]: task for task in models(api)}
    assert (found["T"]["usable"], found["T"]["unusableReason"]) == (True, None)
    assert found["S"]["usable"] is False
    assert "sample" in found["S"]["unusableReason"]


def test_a_model_is_downloaded_whole(api, model):
    TaskFactory(task_id="T", status="COMPLETED", model_path=FILE)
    answer = api.get(f"{ROOT}/tasks/T/model", headers={"accept": "application/octet-stream"})
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content) == model.read_bytes()
    assert answer["Content-Length"] == str(3 * 1024 * 1024)
    assert 'filename="T.safetensors"' in answer["Content-Disposition"]


def test_under_asgi_a_file_is_read_in_pieces(model):
    async def pieces():
        return [len(piece) async for piece in ChunkedFile(model.open("rb"))]

    assert asyncio.run(pieces()) == [1024 * 1024] * 3


@pytest.mark.parametrize(
    "stored",
    [None, "", FILE + "x", "/etc/passwd", "../outside.safetensors", "secret_key", "runs", "runs/T/link.safetensors",
     "/models/distillation/TASK_001/final_model.pth"],
)  # fmt: skip
def test_a_file_that_is_not_the_tasks_model_is_404(api, home, model, stored):
    (home / "secret_key").write_text("secret")
    (home.parent / "outside.safetensors").write_text("secret")
    (home / "runs" / "T" / "link.safetensors").symlink_to(home.parent / "outside.safetensors")
    TaskFactory(task_id="T", status="COMPLETED", model_path=stored)
    answer = api.get(f"{ROOT}/tasks/T/model")
    assert answer.status_code == 404
    assert answer.json() == {"code": 404, "message": "T has no model file to download.", "data": None}


def test_data_sets_are_listed_with_counts_and_problems(api, digits, home):
    (home / "datasets" / "empty").mkdir()
    digits_, empty = api.get(f"{ROOT}/datasets").json()["data"]
    assert (digits_["value"], digits_["type"], digits_["path"]) == ("digits", "classification", "datasets/digits")
    assert (digits_["classes"], digits_["train"], digits_["val"], digits_["problems"]) == (["0", "1"], 16, 8, [])
    assert {"value", "label", "type", "path", "description"} <= set(digits_)
    assert empty["problems"]
    assert all(isinstance(sentence, str) for sentence in empty["problems"])
