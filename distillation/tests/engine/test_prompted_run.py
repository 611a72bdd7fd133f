"""A segmentation student learns from the masks that SAM draws into the boxes of a detection data set."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from distillation.contract import exit_codes
from distillation.contract.sentence import Refused, Sentence
from distillation.contract.spec import LossSpec, RunSpec, TeacherSpec
from distillation.engine import run, workloads
from distillation.engine.by_hand import checking
from distillation.engine.context import Context
from distillation.engine.detection import letterbox
from distillation.engine.stopping import Stopped
from distillation.engine.workloads.prompted import PromptedSegmentation
from distillation.tests.engine.coloured import (
    context_of,
    epochs_of,
    performed,
    result_of,
    short_run,
    write_boxes,
)
from distillation.tests.engine.samples import StopAt, events_of, sha256
from distillation.tests.engine.teachers.sam_models import write_sam
from distillation.tests.engine.teachers.test_sam import plain


@pytest.fixture
def home(tmp_path: Path) -> Path:
    root = write_boxes(tmp_path / "datasets" / "segmentation", train=4, unlabeled=2, val=2)
    (root / "labels" / "train" / "train-00.txt").write_text("")
    write_sam(tmp_path / "models" / "sam")
    return tmp_path


@pytest.fixture
def spec() -> RunSpec:
    direct = short_run("segmentation", "unet-small", 32, epochs=1, batch_size=2, augmentation="standard", views=1)
    return replace(
        direct,
        mode="distillation",
        teacher=TeacherSpec("sam", "sam", "models/sam"),
        loss=LossSpec(2.0, 0.5, 0.5),
        control=False,
    )


def asked(context: Context) -> PromptedSegmentation:
    workload = workloads.of(context)
    assert isinstance(workload, PromptedSegmentation)
    with context.progress.phase("prepare", 0, workload.unit):
        workload.prepare()
    with context.progress.phase("teacher", workload.total, workload.unit):
        workload.ask_teacher()
    return workload


def logged(context: Context) -> str:
    events = events_of(context.run_dir)
    return "\n".join(Sentence.from_json(one["sentence"]).english() for one in events if one["kind"] == "log")


@pytest.mark.slow
def test_the_student_learns_from_masks_in_boxes(home: Path, spec: RunSpec):
    context = performed(home, replace(spec, control=True), "run")
    student, control = epochs_of(context, "student"), epochs_of(context, "control")
    assert student[0]["soft_loss"] > 0
    assert student[0]["hard_loss"] > 0
    assert control[0]["soft_loss"] is None
    result = result_of(context)
    assert result["masks_by_teacher"] == {"train": 3, "val": 2}
    assert result["pictures"] == {"train": 4, "unlabeled": 0, "val": 2}
    assert result["evaluation"]["teacher"]["accuracy"] == pytest.approx(100)


def test_masks_are_kept_in_the_square_and_are_the_labels(home: Path, spec: RunSpec):
    context = context_of(home, spec, "run")
    workload = asked(context)
    assert "1 training pictures have no box" in logged(context)
    assert "2 unlabelled pictures are not used" in logged(context)
    assert "2 of 2 held-out pictures have boxes without outlines" in logged(context)
    row = int(workload.rows.train[1])
    path, sample = workload.data.files()[row]
    boxes, labels = sample.target.boxes, sample.target.labels
    theirs = letterbox.fitted_map(plain(home / "models" / "sam", path, boxes)[0], 32)
    labelled = workload.sample(row)
    assert labelled.drawn is not None
    np.testing.assert_allclose(1 / (1 + np.exp(-labelled.drawn.logits)), 1 / (1 + np.exp(-theirs)), atol=1e-4)
    assert labelled.class_map is not None
    np.testing.assert_array_equal(labelled.class_map, np.where(theirs > 0, labels[0], 0))
    assert not workload.sample(int(workload.rows.train[0])).class_map.any()


def test_a_teacher_that_draws_next_to_nothing_is_refused_with_counts(home: Path, spec: RunSpec):
    write_sam(home / "models" / "sam", everywhere=-1.0)
    context = context_of(home, spec, "run")
    with pytest.raises(Refused, match=r"a mask into 0 of 3 boxes in 4 training pictures \(red: 0/1, blue: 0/2\)"):
        asked(context)


def test_the_check_before_a_run_reads_the_boxes_too(home: Path, spec: RunSpec, capsys: pytest.CaptureFixture[str]):
    (home / "spec.json").write_text(spec.to_json())
    assert checking.check(home / "spec.json", home) == exit_codes.COMPLETED
    found = json.loads(capsys.readouterr().out)
    assert found["classes"] == ["background", "red", "blue"]
    assert found["samples"] == {"train": 4, "unlabeled": 0, "val": 2}


def test_features_of_such_a_teacher_are_refused(home: Path, spec: RunSpec):
    context = context_of(home, replace(spec, loss=LossSpec(2.0, 0.5, 0.5, kind="hybrid")), "run")
    with pytest.raises(Refused, match="whose layers cannot be compared"):
        asked(context)


@pytest.mark.slow
def test_a_run_that_was_stopped_ends_with_the_same_weights(home: Path, spec: RunSpec):
    whole = performed(home, replace(spec, train=replace(spec.train, epochs=2)), "whole")
    often = replace(spec, train=replace(spec.train, epochs=2), checkpoint_seconds=0)
    stopped = context_of(home, often, "stopped")
    with pytest.raises(Stopped):
        run.perform(replace(stopped, stop=StopAt(24)), 1)
    resumed = context_of(home, often, "stopped", 2)
    run.perform(resumed, 2)
    began = next(event for event in events_of(resumed.run_dir, 2) if event["kind"] == "started")
    assert began["resumed_step"]
    weights = [sha256(one.run_dir.model / "model.safetensors") for one in (whole, resumed)]
    assert weights[0] == weights[1]
