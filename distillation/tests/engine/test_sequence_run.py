"""Classification of sequences from arrays to a delivered model: alone and from a finished task."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from distillation.contract.sentence import Refused
from distillation.contract.spec import DataSpec, LossSpec, TeacherSpec
from distillation.engine import export, run
from distillation.tests.engine.coloured import (
    context_of,
    epochs_of,
    performed,
    phases_of,
    result_of,
    short_run,
    taught,
    write_waves,
)
from distillation.tests.engine.samples import write_dataset, write_teacher

ALONE = short_run("sequence", "lstm-small", 0, epochs=8, batch_size=8, learning_rate=5e-3)
TAUGHT = taught(ALONE, "teacher", LossSpec(2.0, 0.6, 0.4), epochs=1)
CLASSES = ("fast", "slow")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with waves of unequal lengths and a model that knows them."""
    torch.set_num_threads(1)
    home = tmp_path_factory.mktemp("sequence")
    write_waves(home / "datasets" / "sequence")
    performed(home, ALONE, "teacher")
    return home


def test_a_model_of_sequences_that_learned_alone_is_delivered_with_its_figures(home: Path):
    context = context_of(home, ALONE, "teacher")
    result, evaluation = result_of(context), result_of(context)["evaluation"]
    assert phases_of(context) == ["prepare", "student", "evaluate", "export"]
    assert result["samples"] == {"train": 24, "unlabeled": 16, "val": 12}
    assert evaluation["accuracy"] >= 75
    assert evaluation["sample_count"] == sum(map(sum, evaluation["confusion_matrix"])) == 12
    assert epochs_of(context, "student")[-1]["val_accuracy"] == evaluation["accuracy"]


def test_a_model_of_sequences_learns_from_a_finished_task(home: Path):
    context = performed(home, TAUGHT, "student")
    assert phases_of(context) == ["prepare", "teacher", "student", "control", "evaluate", "export"]
    (event,) = epochs_of(context, "student")
    assert event["step"] == 5  # 24 labelled and 16 unlabelled series in batches of 8
    assert event["soft_loss"] > 0
    assert (
        event["train_loss"]
        == event["distill_loss"]
        == pytest.approx(0.6 * event["soft_loss"] + 0.4 * event["hard_loss"])
    )
    (control,) = epochs_of(context, "control")
    assert (control["step"], control["soft_loss"]) == (5, None)
    evaluation = result_of(context)["evaluation"]
    alone = result_of(context_of(home, ALONE, "teacher"))["evaluation"]
    assert evaluation["teacher"]["confusion_matrix"] == alone["confusion_matrix"]


def test_the_delivered_model_answers_alike_for_a_series_and_for_the_same_one_filled_up(home: Path):
    model, config = export.load_student(home / "runs" / "teacher" / "artifacts" / "model")
    assert (config["task_type"], config["classes"], config["channels"]) == ("sequence", list(CLASSES), 2)
    series = torch.from_numpy(np.random.default_rng(0).normal(size=(1, 9, 2)).astype(np.float32))
    filled = torch.cat([series, torch.full((1, 3, 2), torch.nan)], dim=1)
    with torch.inference_mode():
        torch.testing.assert_close(model(filled), model(series))


def test_a_teacher_of_other_series_is_refused(home: Path):
    write_waves(home / "datasets" / "wider", features=3)
    spec = replace(TAUGHT, data=DataSpec("wider", "datasets/wider", "datasets/wider"))
    with pytest.raises(Refused, match="takes 2 values a step, the data has 3"):
        run.perform(context_of(home, spec, "wider"), 1)


def test_a_classifier_of_pictures_is_refused_as_teacher_of_sequences(home: Path):
    write_teacher(home / "models" / "pictures", CLASSES)
    spec = replace(TAUGHT, teacher=TeacherSpec("task", "pictures", "models/pictures"))
    with pytest.raises(Refused, match="the student of a classification task; the run is a sequence task"):
        run.perform(context_of(home, spec, "pictured"), 1)


def test_a_model_of_sequences_is_refused_as_teacher_of_pictures(home: Path):
    root = write_dataset(home / "datasets" / "shapes", train=2, unlabeled=0, val=2)
    for split in ("train", "val"):
        for old, new in (("bar", "fast"), ("dot", "slow")):
            (root / split / old).rename(root / split / new)
        for picture in (root / split / "cross").iterdir():
            picture.unlink()
        (root / split / "cross").rmdir()
    spec = replace(
        TAUGHT,
        task_type="classification",
        data=DataSpec("shapes", "datasets/shapes", "datasets/shapes"),
        student=replace(TAUGHT.student, arch="cnn-tiny", image_size=8),
    )
    with pytest.raises(Refused, match="the student of a sequence task; the run is a classification task"):
        run.perform(context_of(home, spec, "pictures"), 1)
