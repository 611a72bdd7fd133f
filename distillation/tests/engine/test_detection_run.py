"""Detection from pictures to a delivered model: alone, from a finished task, stopped and continued."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from distillation.contract.sentence import Refused
from distillation.contract.spec import LossSpec, TeacherSpec
from distillation.engine import export, run
from distillation.engine.stopping import Stopped
from distillation.engine.view_feed import ViewFeed
from distillation.tests.engine.coloured import (
    DETECTOR,
    SIZE,
    SQUARES,
    context_of,
    epochs_of,
    kept_of,
    performed,
    phases_of,
    result_of,
    taught,
    write_boxes,
)
from distillation.tests.engine.samples import sha256, write_teacher

pytestmark = pytest.mark.slow

HYBRID = LossSpec(2.0, 0.6, 0.4, "hybrid", "cwd", 0.5)
TAUGHT = taught(DETECTOR, "teacher", HYBRID, epochs=2, augmentation="standard", views=2)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with coloured squares and a detector that knows them."""
    torch.set_num_threads(1)
    home = tmp_path_factory.mktemp("detection")
    write_boxes(home / "datasets" / "detection")
    performed(home, DETECTOR, "teacher")
    return home


def test_a_detector_that_learned_alone_is_delivered_with_its_figures(home: Path):
    context = context_of(home, DETECTOR, "teacher")
    result, evaluation = result_of(context), result_of(context)["evaluation"]
    assert phases_of(context) == ["prepare", "student", "evaluate", "export"]
    assert result["pictures"] == {"train": 8, "unlabeled": 4, "val": 4}
    assert evaluation["accuracy"] == evaluation["map50"] > 20
    assert 0 < evaluation["map95"] <= evaluation["map50"]
    assert [row["class"] for row in evaluation["per_class"]] == list(SQUARES)
    assert evaluation["object_count"] == 4
    assert epochs_of(context, "student")[-1]["val_accuracy"] == pytest.approx(evaluation["map50"], abs=0.01)


def test_a_detector_learns_from_a_finished_task_by_answers_and_features(home: Path):
    context = performed(home, TAUGHT, "student")
    assert phases_of(context) == ["prepare", "teacher", "student", "control", "evaluate", "export"]
    epochs = epochs_of(context, "student")
    assert [event["step"] for event in epochs] == [3, 6]  # 8 labelled and 4 unlabelled pictures in batches of 4
    for event in epochs:
        assert event["soft_loss"] > 0
        assert event["feature_loss"] > 0
        total = 0.6 * (event["soft_loss"] + 0.5 * event["feature_loss"]) + 0.4 * event["hard_loss"]
        assert event["train_loss"] == event["distill_loss"] == pytest.approx(total)
    control = epochs_of(context, "control")
    assert [event["step"] for event in control] == [3, 6]
    assert all(event["soft_loss"] is None and "feature_loss" not in event for event in control)
    evaluation = result_of(context)["evaluation"]
    assert evaluation["teacher"]["map50"] == pytest.approx(
        result_of(context_of(home, DETECTOR, "teacher"))["evaluation"]["map50"], abs=0.01
    )
    assert {"map50", "map95"} <= evaluation["control"].keys()


def test_the_delivered_detector_loads_and_answers_for_every_anchor(home: Path):
    model, config = export.load_student(home / "runs" / "teacher" / "artifacts" / "model")
    assert (config["task_type"], config["classes"], config["image_size"]) == ("detection", list(SQUARES), SIZE)
    with torch.inference_mode():
        answers = model(torch.zeros(1, 3, SIZE, SIZE))
    assert answers.classes.shape == (1, 8 * 8 + 4 * 4 + 2 * 2, 2)


def test_a_detector_stopped_in_an_epoch_ends_with_the_same_weights(home: Path, monkeypatch: pytest.MonkeyPatch):
    spec = replace(TAUGHT, control=False)
    whole = performed(home, spec, "whole")
    stopped = context_of(home, spec, "stopped")
    plain, calls = ViewFeed.step, []

    def stopping(feed: ViewFeed, step: int) -> list:
        calls.append(step)
        stopped.stop.requested = len(calls) >= 4
        return plain(feed, step)

    monkeypatch.setattr(ViewFeed, "step", stopping)
    with pytest.raises(Stopped):
        run.perform(stopped, 1)
    monkeypatch.undo()
    assert calls == [0, 1, 2, 0]
    run.perform(context_of(home, spec, "stopped", 2), 2)
    weights = [sha256(context.run_dir.model / export.WEIGHTS) for context in (whole, stopped)]
    assert weights[0] == weights[1]


def test_a_detector_for_pictures_of_another_size_is_refused_as_teacher(home: Path):
    spec = replace(TAUGHT, student=replace(TAUGHT.student, image_size=2 * SIZE))
    with pytest.raises(Refused, match="has the picture size 64, the run has 128"):
        run.perform(context_of(home, spec, "larger"), 1)


def test_a_classifier_is_refused_as_teacher_of_a_detector(home: Path):
    write_teacher(home / "models" / "classifier", SQUARES)
    spec = replace(TAUGHT, teacher=TeacherSpec("task", "classifier", "models/classifier"))
    with pytest.raises(Refused, match="has the type of task classification, the run has detection"):
        run.perform(context_of(home, spec, "classified"), 1)


def test_a_detector_compares_named_layers_instead_of_its_necks_maps(home: Path):
    before = set(kept_of(context_of(home, DETECTOR, "teacher")))
    loss = replace(HYBRID, feature_loss="at", layers=(("model.9", "model.9"),))
    context = performed(home, replace(TAUGHT, loss=loss), "layers")
    assert all(event["feature_loss"] > 0 for event in epochs_of(context, "student"))
    assert set(kept_of(context)) - before - {"boxes", "classes"} == {"model.9"}
