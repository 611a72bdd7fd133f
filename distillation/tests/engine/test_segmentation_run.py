"""Segmentation from pictures to a delivered model: alone and from a finished task."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from distillation.contract.sentence import Refused
from distillation.contract.spec import LossSpec, TeacherSpec
from distillation.engine import export, run
from distillation.tests.engine.coloured import (
    SQUARES,
    context_of,
    epochs_of,
    performed,
    phases_of,
    result_of,
    short_run,
    taught,
    write_masks,
)
from distillation.tests.engine.samples import write_teacher
from distillation.tests.engine.teachers.segmenters import write_segmenter

pytestmark = pytest.mark.slow

SIZE = 32
CLASSES = ("background", *SQUARES)
ALONE = short_run("segmentation", "unet-small", SIZE, epochs=2)
HYBRID = LossSpec(2.0, 0.6, 0.4, "hybrid", "cwd", 0.5)
TAUGHT = taught(ALONE, "teacher", HYBRID, epochs=1, augmentation="strong")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with coloured squares and a segmenter that has seen them."""
    torch.set_num_threads(1)
    home = tmp_path_factory.mktemp("segmentation")
    write_masks(home / "datasets" / "segmentation")
    performed(home, ALONE, "teacher")
    return home


def test_a_segmenter_that_learned_alone_is_delivered_with_its_figures(home: Path):
    context = context_of(home, ALONE, "teacher")
    result, evaluation = result_of(context), result_of(context)["evaluation"]
    assert phases_of(context) == ["prepare", "student", "evaluate", "export"]
    assert result["pictures"] == {"train": 8, "unlabeled": 4, "val": 4}
    assert evaluation["classes"] == list(CLASSES)
    assert sum(map(sum, evaluation["confusion_matrix"])) == 4 * SIZE * SIZE
    assert 0 < evaluation["accuracy"] < evaluation["dice"] <= 100
    ious = [row["iou"] for row in evaluation["per_class"]]
    assert evaluation["accuracy"] == pytest.approx(sum(ious) / 3)
    assert epochs_of(context, "student")[-1]["val_accuracy"] == pytest.approx(evaluation["accuracy"], abs=0.01)


def test_a_segmenter_learns_from_a_finished_task_by_answers_and_features(home: Path):
    context = performed(home, TAUGHT, "student")
    assert phases_of(context) == ["prepare", "teacher", "student", "control", "evaluate", "export"]
    (event,) = epochs_of(context, "student")
    assert event["step"] == 3  # 8 labelled and 4 unlabelled pictures in batches of 4
    assert event["soft_loss"] > 0
    assert event["feature_loss"] > 0
    total = 0.6 * (event["soft_loss"] + 0.5 * event["feature_loss"]) + 0.4 * event["hard_loss"]
    assert event["train_loss"] == event["distill_loss"] == pytest.approx(total)
    (control,) = epochs_of(context, "control")
    assert control["step"] == 3
    assert control["soft_loss"] is None
    assert "feature_loss" not in control
    evaluation = result_of(context)["evaluation"]
    assert evaluation["teacher"]["dice"] == pytest.approx(
        result_of(context_of(home, ALONE, "teacher"))["evaluation"]["dice"], abs=0.01
    )
    assert {"dice", "pixel_accuracy"} <= evaluation["control"].keys()


def test_the_delivered_segmenter_loads_and_answers_for_every_pixel(home: Path):
    model, config = export.load_student(home / "runs" / "teacher" / "artifacts" / "model")
    assert (config["task_type"], config["classes"], config["ignored"]) == ("segmentation", list(CLASSES), 255)
    with torch.inference_mode():
        assert model(torch.zeros(1, 3, SIZE, SIZE)).shape == (1, 3, SIZE, SIZE)


def test_a_segmenter_for_pictures_of_another_size_is_refused_as_teacher(home: Path):
    spec = replace(TAUGHT, student=replace(TAUGHT.student, image_size=2 * SIZE))
    with pytest.raises(Refused, match="has the picture size 32, the run has 64"):
        run.perform(context_of(home, spec, "larger"), 1)


def test_a_classifier_is_refused_as_teacher_of_a_segmenter(home: Path):
    write_teacher(home / "models" / "classifier", CLASSES)
    spec = replace(TAUGHT, teacher=TeacherSpec("task", "classifier", "models/classifier"))
    with pytest.raises(Refused, match="has the type of task classification, the run has segmentation"):
        run.perform(context_of(home, spec, "classified"), 1)


def test_a_segmenter_from_elsewhere_teaches_by_answers_and_features(home: Path):
    write_segmenter(home / "models" / "segformer", size=64)
    spec = replace(TAUGHT, teacher=TeacherSpec("segmenter", "segformer", "models/segformer"))
    context = performed(home, spec, "elsewhere")
    (event,) = epochs_of(context, "student")
    assert event["soft_loss"] > 0
    assert event["feature_loss"] > 0
    teacher = result_of(context)["evaluation"]["teacher"]
    assert teacher["classes"] == list(CLASSES)
    assert 0 < teacher["accuracy"] < 100
    assert result_of(context)["evaluation"]["control"]["sample_count"] == 4
