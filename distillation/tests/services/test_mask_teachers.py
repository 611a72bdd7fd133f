"""A SAM teacher makes a segmentation task of a data set that marks boxes; one without boxes is refused at start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from distillation.services.run_spec import build_spec
from distillation.services.tasks import create_task
from distillation.services.validation import start_problems
from distillation.tests.model_samples import write_model

pytestmark = pytest.mark.django_db

BASE: dict[str, Any] = {"taskName": "masks", "studentModel": "unet-small", "teacherModel": "sam", "imageSize": 32}


def _pictures(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in "abcd":
        Image.fromarray(np.zeros((20, 40, 3), np.uint8)).save(folder / f"{name}.png")


@pytest.fixture(autouse=True)
def installation(home: Path) -> None:
    write_model(home / "models" / "sam", {"model_type": "sam"})
    (home / "models" / "sam" / "preprocessor_config.json").write_text("{}")
    boxes, masks = home / "datasets" / "boxes", home / "datasets" / "masks"
    _pictures(boxes / "images")
    (boxes / "labels").mkdir()
    (boxes / "classes.txt").write_text("cat\ndog\n")
    _pictures(masks / "images")
    (masks / "masks").mkdir()
    for name in "abcd":
        (boxes / "labels" / f"{name}.txt").write_text("0 0.5 0.5 0.5 0.5\n")
        Image.fromarray(np.ones((20, 40), np.uint8)).save(masks / "masks" / f"{name}.png")


def test_boxes_are_enough_and_the_background_is_a_class():
    task = create_task(BASE | {"datasetId": "boxes", "numClasses": 3}, "alice")
    assert start_problems(task) == []
    spec = build_spec(task, threads=1, device="cpu")
    assert (spec.task_type, spec.teacher and spec.teacher.kind) == ("segmentation", "sam")


def test_without_boxes_it_is_refused_at_start():
    (problem,) = start_problems(create_task(BASE | {"datasetId": "masks"}, "alice"))
    assert problem.field == "datasetId"
    assert "(masks) marks no boxes" in problem.sentence.english()


def test_boxes_are_no_segmentation_for_other_teachers():
    direct = {"datasetId": "boxes", "trainingMode": "direct", "teacherModel": ""}
    (problem,) = start_problems(create_task(BASE | direct, "alice"))
    assert "is laid out for detection" in problem.sentence.english()
