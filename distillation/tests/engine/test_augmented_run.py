"""Classification on augmented views: student and teacher see the same ones, and an arm without a teacher works too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from distillation.contract.sentence import Refused
from distillation.contract.spec import LossSpec
from distillation.engine import export, losses, run, students
from distillation.engine.stopping import Stopped
from distillation.engine.workloads.classification import PictureClassification
from distillation.tests.engine.coloured import context_of, epochs_of, performed, result_of, short_run, taught
from distillation.tests.engine.samples import CLASSES, StopAt, events_of, sha256, write_dataset, write_teacher

ALONE = short_run("classification", "cnn-tiny", 8, batch_size=8, augmentation="light", views=3)
TAUGHT = taught(ALONE, "teacher", LossSpec(2.0, 0.6, 0.4))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with pictures and a model of ours that lists the classes in another order."""
    torch.set_num_threads(1)
    write_dataset(tmp_path / "datasets" / "classification", train=6, unlabeled=9, val=4)
    write_teacher(tmp_path / "runs" / "teacher" / "artifacts" / "model", tuple(reversed(CLASSES)))
    return tmp_path


def test_a_run_without_a_teacher_sees_other_pictures_each_epoch_and_ends(home: Path):
    plain = performed(home, replace(ALONE, train=replace(ALONE.train, augmentation="none", views=1)), "plain")
    augmented = performed(home, ALONE, "augmented")
    losses = [[event["train_loss"] for event in epochs_of(context, "student")] for context in (plain, augmented)]
    assert losses[0] != losses[1]
    assert result_of(augmented)["pictures"] == {"train": 18, "unlabeled": 9, "val": 12}


def test_the_kept_answers_are_the_teachers_to_the_very_views_that_the_student_sees(home: Path):
    context = context_of(home, TAUGHT, "student")
    workload = PictureClassification(context)
    with context.progress.phase("prepare", 0, "images"):
        workload.prepare()
    with context.progress.phase("teacher", 0, "images"):
        workload.ask_teacher()
    teacher, _ = export.load_student(home / "runs/teacher/artifacts/model")
    own_order = [CLASSES[::-1].index(name) for name in workload.classes]
    feed = workload.feed(seed=context.spec.train.seed, with_teacher=True)
    feed.open_epoch(1)
    (batch,) = feed.step(0)
    feed.close()
    with torch.inference_mode():
        expected = torch.softmax(teacher(batch.inputs)[:, own_order] / 2.0, dim=1)
    torch.testing.assert_close(batch.teacher["logits"], expected, atol=2e-3, rtol=0)
    assert len(workload.outputs.arrays["logits"]) == 27 * 3
    clean = students.normalise(torch.from_numpy(np.array(workload.pack.pictures)))
    assert not any(torch.equal(picture, known) for picture in batch.inputs for known in clean)


def test_a_distillation_with_control_ends_with_figures_of_all_three(home: Path):
    evaluation = result_of(performed(home, TAUGHT, "student"))["evaluation"]
    assert evaluation["teacher"]["sample_count"] == evaluation["control"]["sample_count"] == 12


def test_a_teacher_of_another_picture_size_is_refused(home: Path):
    other = replace(TAUGHT, student=replace(TAUGHT.student, image_size=16))
    with pytest.raises(Refused, match="has the picture size 8, the run has 16"):
        run.perform(context_of(home, other, "other"), 1)


def test_a_teacher_that_would_see_no_views_is_refused(home: Path):
    endless = replace(TAUGHT, train=replace(TAUGHT.train, views=0))
    with pytest.raises(Refused, match="Without a number of views"):
        run.perform(context_of(home, endless, "endless"), 1)


def test_mixed_pictures_have_both_labels_and_the_teacher_sees_the_mixture(home: Path):
    strong = replace(TAUGHT, train=replace(TAUGHT.train, augmentation="strong"))
    context = context_of(home, strong, "student")
    workload = PictureClassification(context)
    with context.progress.phase("prepare", 0, "images"):
        workload.prepare()
    # A picture's place among the views is not its row where one before it is left out.
    workload.rows = replace(workload.rows, train=workload.rows.train[2:])
    with context.progress.phase("teacher", 0, "images"):
        workload.ask_teacher()
    teacher, _ = export.load_student(home / "runs/teacher/artifacts/model")
    own_order = [CLASSES[::-1].index(name) for name in workload.classes]
    views, mixed = workload._views(with_teacher=True), 0
    pictures = np.empty((len(views.rows), *workload.pack.pictures.shape[1:]), np.uint8)
    answers = workload._answers(with_teacher=True)
    assert answers is not None
    positions: NDArray[np.int64] = np.arange(len(views.rows))
    for number in range(3):
        made = [views.make(position, number, pictures[position]) for position in range(len(positions))]
        labels, labelled = workload._collate(views, made, views.rows)
        assert isinstance(labels, losses.Mixed)
        assert labelled == 16
        for position, one in enumerate(made):
            of_other = None if one.mixed is None else int(workload.rows.labels[views.rows[one.mixed[0]]])
            assert labels.shares[position] == (0 if one.mixed is None else pytest.approx(one.mixed[1]))
            if of_other is not None:
                mixed += 1
                assert labels.others[position] == of_other
                assert (of_other == losses.IGNORED) == (labels.labels[position] == losses.IGNORED)
        with torch.inference_mode():
            seen = teacher(students.normalise(torch.from_numpy(pictures)))[:, own_order]
        torch.testing.assert_close(
            answers(positions, number)["logits"], torch.softmax(seen / 2.0, dim=1), atol=2e-3, rtol=0
        )
    assert 20 < mixed < 60  # half of 75


def test_a_student_learns_from_mixed_pictures_and_resumes_with_the_same_weights(home: Path):
    strong = replace(TAUGHT, train=replace(TAUGHT.train, augmentation="strong"))
    whole = performed(home, strong, "whole")
    assert all(event["soft_loss"] > 0 and event["hard_loss"] > 0 for event in epochs_of(whole, "student"))
    often = replace(strong, checkpoint_seconds=0)
    stopped = context_of(home, often, "stopped")
    with pytest.raises(Stopped):
        run.perform(replace(stopped, stop=StopAt(40)), 1)
    resumed = context_of(home, often, "stopped", 2)
    run.perform(resumed, 2)
    assert any(event.get("resumed_epoch") is not None for event in events_of(resumed.run_dir, 2))
    weights = [sha256(one.run_dir.model / "model.safetensors") for one in (whole, resumed)]
    assert weights[0] == weights[1]
