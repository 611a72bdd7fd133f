"""A detector that learns from the boxes of a teacher from elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from distillation.contract.sentence import Refused
from distillation.contract.spec import LossSpec, TeacherSpec
from distillation.engine import answer_cache, box_answers, drawing, export, run
from distillation.engine.stopping import Stopped
from distillation.tests.engine.coloured import (
    SIZE,
    context_of,
    epochs_of,
    performed,
    phases_of,
    result_of,
    short_run,
    taught,
    write_boxes,
)
from distillation.tests.engine.samples import events_of, sha256
from distillation.tests.engine.teachers import onnx_files
from distillation.tests.engine.teachers.detectors import sure_of_every_patch, write_owl, write_sure

pytestmark = pytest.mark.slow

SPEC = replace(
    taught(
        short_run("detection", "yolov8n", SIZE, epochs=2, augmentation="standard", views=2),
        "teacher", LossSpec(2.0, 0.6, 0.4),
    ),
    teacher=TeacherSpec("detector", "sure", "models/sure"),
)  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with coloured squares and a DETR that calls the middle of every picture red."""
    torch.set_num_threads(1)
    home = tmp_path_factory.mktemp("boxes")
    write_boxes(home / "datasets" / "detection")
    write_sure(home / "models" / "sure")
    return home


@pytest.fixture(scope="module")
def performed_run(home: Path):
    return performed(home, SPEC, "student")


def test_the_student_learns_from_the_boxes_and_all_three_are_compared(performed_run):
    assert phases_of(performed_run) == ["prepare", "teacher", "student", "control", "evaluate", "export"]
    epochs = epochs_of(performed_run, "student")
    assert [event["step"] for event in epochs] == [3, 6]  # 8 labelled and 4 unlabelled pictures in batches of 4
    for event in epochs:
        assert event["soft_loss"] > 0
        assert event["train_loss"] == pytest.approx(0.6 * event["soft_loss"] + 0.4 * event["hard_loss"])
    control = epochs_of(performed_run, "control")
    assert all(event["soft_loss"] is None for event in control)
    evaluation = result_of(performed_run)["evaluation"]
    assert 0 < evaluation["teacher"]["map50"] < 100
    assert [row["recall"] for row in evaluation["teacher"]["per_class"]] == [100, 0]
    assert (evaluation["teacher"]["name"], evaluation["teacher"]["sample_count"]) == ("sure", 4)
    assert {"map50", "map95"} <= evaluation["control"].keys()


def test_three_pictures_with_the_boxes_are_drawn_and_named_before_the_pass(performed_run):
    (said,) = [
        event["sentence"]["params"]
        for event in events_of(performed_run.run_dir)
        if event["kind"] == "log" and "is drawn in" in event["sentence"]["template"]
    ]
    files = said["files"].split(", ")
    assert files == [f"artifacts/pictures/teacher/{number}.jpg" for number in (1, 2, 3)]
    for name, path in zip(files, said["pictures"].split(", "), strict=True):
        drawn = Image.open(performed_run.run_dir.root / name)
        picture = Image.open(performed_run.home / "datasets" / "detection" / path)
        clean = drawing.draw(picture, np.zeros((0, 4), np.float32), [])
        assert drawn.size == clean.size
        assert np.abs(np.asarray(drawn, np.int16) - np.asarray(clean, np.int16)).max() > 100


@pytest.mark.parametrize(
    ("kind", "write"),
    [
        ("detector", write_sure),
        ("open_vocabulary", lambda folder: write_owl(folder, change=sure_of_every_patch)),
        ("onnx", onnx_files.write_detector),
        ("onnx", lambda folder: onnx_files.write_detector(folder, layout="boxes")),
    ],
)
def test_every_kind_teaches(kind: Any, write: Callable[[Path], Path], tmp_path: Path):
    write_boxes(tmp_path / "datasets" / "detection", train=4, unlabeled=2, val=4)
    write(tmp_path / "models" / "other")
    spec = replace(SPEC, teacher=TeacherSpec(kind, "other", "models/other"), train=replace(SPEC.train, epochs=1))
    context = performed(tmp_path, spec, "student")
    (epoch,) = epochs_of(context, "student")
    assert epoch["soft_loss"] > 0
    teacher = result_of(context)["evaluation"]["teacher"]
    assert teacher["map50"] > (90 if kind == "onnx" else 0)
    assert teacher["images_per_second"] > 0


def test_a_pass_that_was_stopped_goes_on_and_ends_with_the_same_weights(
    home: Path, performed_run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(answer_cache, "CHUNK", 5)
    whole = performed(home, replace(SPEC, control=False), "whole")
    monkeypatch.setattr(answer_cache, "CHUNK", 4)
    stopped = context_of(home, replace(SPEC, control=False), "stopped")
    plain, asked = box_answers._Answerer.answer, []

    def stopping(answerer, items: range):
        asked.append(items)
        stopped.stop.requested = len(asked) == 2
        return plain(answerer, items)

    monkeypatch.setattr(box_answers._Answerer, "answer", stopping)
    with pytest.raises(Stopped):
        run.perform(stopped, 1)
    run.perform(context_of(home, replace(SPEC, control=False), "stopped", 2), 2)
    assert [items.start for items in asked] == [0, 4, 4, 8, 12]
    weights = [sha256(context.run_dir.model / export.WEIGHTS) for context in (performed_run, whole, stopped)]
    assert len(set(weights)) == 1


def test_a_cache_that_was_cut_short_is_made_again(home: Path, performed_run):
    arrays = sorted((home / "cache" / "teacher").glob("*/boxes/array.npy"))
    whole = arrays[0].read_bytes()
    for array in arrays:
        array.write_bytes(whole[:-100])
    again = performed(home, replace(SPEC, control=False), "again")
    assert whole in [array.read_bytes() for array in arrays]
    weights = [sha256(context.run_dir.model / export.WEIGHTS) for context in (performed_run, again)]
    assert weights[0] == weights[1]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"said": "other"}, r"something in 0 of 8 labelled pictures .* 0 boxes .* in 12 pictures \(red: 0, blue: 0\)"),
        ({"box": (-4.0, -4.0, -3.0, -3.0)}, r"something in 8 of 8 .* \(red: 12, blue: 0\), and an mAP50 of 0.0 % on 4"),
    ],
)
def test_a_teacher_that_finds_nothing_is_refused_with_counts(home: Path, written: dict, words: str):
    write_sure(home / "models" / "poor", **written)
    spec = replace(SPEC, teacher=TeacherSpec("detector", "poor", "models/poor"))
    with pytest.raises(Refused, match=words):
        run.perform(context_of(home, spec, "poor"), 1)


def test_features_of_a_teacher_that_answers_in_boxes_are_refused(home: Path):
    spec = replace(SPEC, loss=LossSpec(2.0, 0.6, 0.4, "hybrid"))
    with pytest.raises(Refused, match="sure is an object detector and teaches detection by the boxes"):
        run.perform(context_of(home, spec, "features"), 1)
