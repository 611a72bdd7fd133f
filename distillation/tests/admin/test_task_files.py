"""Delivered files and examples on the page of a finished task."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from distillation.admin import task_files
from distillation.contract.sentence import Sentence
from distillation.models import TrainingTask
from distillation.storage.local import run_dir
from distillation.tests.admin.conftest import page_of
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db

RULE = Sentence("Right is a picture whose mean IoU, over the classes in it, is at least {least} %.", {"least": 50})
FILES = [
    {"name": "model.onnx", "made": True, "path": "artifacts/model/model.onnx", "bytes": 5053, "sha256": "ab" * 32,
     "difference": {"relative": 3.2e-7}},
    {"name": "model.int8.onnx", "made": False, "reason": Sentence("It cannot be {what}.", {"what": "made"}).as_json()},
]  # fmt: skip
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def task(home: Path) -> TrainingTask:
    return TaskFactory(status="COMPLETED")


def leave(task: TrainingTask, entries: Any, files: Any = FILES) -> Path:
    """What a run leaves on disk; the folder of the pictures."""
    folder = run_dir(task.task_id).artifacts / "pictures" / "examples"
    folder.mkdir(parents=True)
    (folder / "index.json").write_text(json.dumps({"rule": RULE.as_json(), "examples": entries}))
    run_dir(task.task_id).result.write_text(json.dumps({"evaluation": {"files": files}}))
    (folder / "1.jpg").write_bytes(b"jpeg")
    return folder


def example(**fields: Any) -> dict[str, Any]:
    return {"file": "1.jpg", "source": "val/cat/7.png", "right": False, "truth": {"class": "cat"},
            "prediction": {"class": "dog", "probability": 0.931}, **fields}  # fmt: skip


def test_pictures_stand_beside_truth_and_prediction(console, task):
    leave(task, [example()])
    page = console.get(page_of(task), HTTP_ACCEPT_LANGUAGE="en").content.decode()
    url = reverse("admin:distillation_trainingtask_example", args=[task.pk, 1])
    for text in (url, "val/cat/7.png", "dog 93.1 %", "Truth cat", "at least 50 %", "dd-example-wrong"):
        assert text in page
    answer = console.get(url)
    assert (b"".join(answer.streaming_content), answer["Content-Type"]) == (b"jpeg", "image/jpeg")
    assert console.get(reverse("admin:distillation_trainingtask_example", args=[task.pk, 2])).status_code == 404


def test_files_are_listed_and_what_could_not_be_made_says_why(console, task):
    leave(task, [])
    page = console.get(page_of(task), HTTP_ACCEPT_LANGUAGE="en").content.decode()
    url = reverse("api:artifact", kwargs={"task_id": task.task_id, "name": "model/model.onnx"})
    for text in (url, "5.05 KB", "3.2e-07", "It cannot be made."):
        assert text in page
    assert "task-examples" not in page


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"class": "cat"}, "cat"),
        ([], "nothing"),
        ([{"class": "a"}] * 7, "7: a, a, a, a, a …"),
        ({"shares": {"sky": 0.25, "sea": 0.75}}, "sea 75 %, sky 25 %"),
        (None, "–"),
        ({"shares": {"x": "y"}}, "x –"),
    ],
)
def test_answers_become_words(task, value: Any, text: str):
    leave(task, [example(prediction=value)])
    assert task_files.examples(task)["pictures"][0].prediction == text


@pytest.mark.parametrize(
    "entries",
    [None, 7, [7, None], [{}], [example(file="../1.jpg")], [example(file="٣.jpg")], [example(file=None)],
     [example(truth=EVIL, prediction={"class": EVIL}, source=EVIL)]],
)  # fmt: skip
def test_an_index_of_any_shape_does_no_harm(console, task, entries: Any):
    leave(task, entries, entries)
    page = console.get(page_of(task))
    assert page.status_code == 200
    assert EVIL not in page.content.decode()


def test_other_tasks_and_those_who_only_look_see_no_pictures(console, task):
    leave(task, [example()])
    TrainingTask.objects.filter(pk=task.pk).update(status="STOPPED")
    assert "task-examples" not in console.get(page_of(task)).content.decode()
