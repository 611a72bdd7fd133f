"""What whole runs make of a choice: whose features and answers count, which pictures are seen, what weights come first.

Each table ends with its neighbours: one choice must not pass for another.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from torch import Tensor

from distillation.contract.spec import DataSpec, LossSpec, RunSpec, StudentSpec, TeacherSpec
from distillation.engine import export, losses, run, students, workloads
from distillation.engine.context import Context
from distillation.tests.engine.coloured import epochs_of, result_of
from distillation.tests.engine.samples import direct, events_of, write_dataset, write_teacher

MakeContext = Callable[..., Context]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def brief(spec: RunSpec) -> RunSpec:
    """One epoch, no control."""
    return replace(spec, train=replace(spec.train, epochs=1), control=False, checkpoint_seconds=1000)


@pytest.mark.parametrize(("soft", "hard"), [(2.5, 0.4), (0.4, 2.5)])
@pytest.mark.parametrize("kind", ["logit", "feature", "hybrid"])
def test_the_terms_of_the_kind_count_with_weights_that_need_not_make_up_one(
    make_context: MakeContext, brief: RunSpec, kind: Literal["logit", "feature", "hybrid"], soft: float, hard: float
):
    context = make_context(replace(brief, loss=LossSpec(2.0, soft, hard, kind, "mse", 0.5)))
    run.perform(context, 1)
    (event,) = epochs_of(context, "student")
    terms = {"logit": event.get("soft_loss"), "feature": event.get("feature_loss")}
    counted = {"hybrid": {"logit", "feature"}}.get(kind, {kind})
    assert {name for name, term in terms.items() if term is not None} == counted
    taught = (terms["logit"] or 0) + 0.5 * (terms["feature"] or 0)
    assert event["train_loss"] == pytest.approx(soft * taught + hard * event["hard_loss"], rel=1e-5)


@pytest.mark.parametrize("control", [True, False])
def test_a_control_is_trained_where_it_is_asked_for_alone(make_context: MakeContext, brief: RunSpec, control: bool):
    context = make_context(replace(brief, control=control))
    run.perform(context, 1)
    arms = {event["arm"] for event in events_of(context.run_dir) if event["kind"] == "epoch"}
    assert arms == ({"student", "control"} if control else {"student"})
    assert (result_of(context)["control"] is not None) is control


def test_pictures_are_learned_of_one_data_set_and_held_out_of_the_other(
    home: Path, make_context: MakeContext, brief: RunSpec
):
    write_dataset(home / "datasets" / "other", train=5, unlabeled=2, val=3)
    context = make_context(replace(brief, data=DataSpec("shapes", "datasets/shapes", "datasets/other")))
    run.perform(context, 1)
    result = result_of(context)
    assert result["pictures"] == {"train": 3 * 8, "unlabeled": 24, "val": 3 * 3}
    assert result["evaluation"]["sample_count"] == 3 * 3


@pytest.mark.parametrize("name", ["teacher", "other"])
def test_the_answers_are_those_of_the_teacher_that_is_named(
    home: Path, make_context: MakeContext, brief: RunSpec, name: str
):
    write_teacher(home / "models" / "other", seed=6)
    context = make_context(replace(brief, teacher=TeacherSpec("task", name, f"models/{name}")))
    workload: Any = workloads.of(context)
    with context.progress.phase("prepare", 0, workload.unit):
        workload.prepare()
    with context.progress.phase("teacher", workload.total, workload.unit):
        workload.ask_teacher()
    pictures = students.normalise(torch.from_numpy(np.array(workload.pack.pictures)))
    for folder in ("teacher", "other"):
        model, _ = export.load_student(home / "models" / folder)
        with torch.inference_mode():
            same = np.allclose(workload.outputs.arrays["logits"], model(pictures).numpy(), atol=1e-4)
        assert same is (folder == name)


@pytest.mark.parametrize("size", [8, 12])
def test_the_student_sees_squares_of_the_size(home: Path, make_context: MakeContext, brief: RunSpec, size: int):
    context = make_context(direct(brief, student=StudentSpec("cnn-tiny", size)))
    workload: Any = workloads.of(context)
    with context.progress.phase("prepare", 0, workload.unit):
        workload.prepare()
    file = min((home / "datasets" / "shapes" / "train" / "bar").iterdir())
    expected = Image.open(file).resize((size, size), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(workload.pack.pictures[0, 0], np.asarray(expected))
    run.perform(context, 1)
    assert json.loads((context.run_dir.model / "config.json").read_text())["image_size"] == size


NEVER, SOMETIMES = False, True
CHANGES = {  # any pictures that are not the clean ones, mirrored ones, and two in one
    "none": (NEVER, NEVER, NEVER),
    "light": (SOMETIMES, NEVER, NEVER),
    "standard": (SOMETIMES, SOMETIMES, NEVER),
    "strong": (SOMETIMES, SOMETIMES, SOMETIMES),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_student_sees_what_the_augmentation_promises(
    home: Path, make_context: MakeContext, brief: RunSpec, name: str
):
    rising = np.tile(np.arange(20, 180, 20, dtype=np.uint8), (8, 1))  # brighter to the right
    for number, file in enumerate((home / "datasets" / "shapes").rglob("*.png")):
        Image.fromarray(rising + np.uint8(number)).save(file)
    views = 1 if name == "none" else 0
    context = make_context(direct(brief, train=replace(brief.train, augmentation=name, views=views)))
    workload: Any = workloads.of(context)
    with context.progress.phase("prepare", 0, workload.unit):
        workload.prepare()
    clean = students.normalise(torch.from_numpy(np.array(workload.pack.pictures)))[:, 0]
    feed = workload.feed(seed=0, with_teacher=False)
    changed = mirrored = joined = False
    for epoch in range(4):
        feed.open_epoch(epoch)
        for batch in (batch for step in range(feed.steps_per_epoch) for batch in feed.step(step)):
            pictures = batch.inputs[:, 0]
            changed |= not bool((pictures[:, None] == clean).all(dim=(2, 3)).any(dim=1).all())
            mirrored |= bool((pictures[:, :, -2:].mean((1, 2)) < pictures[:, :, :2].mean((1, 2)) - 0.1).any())
            joined |= isinstance(batch.labels, losses.Mixed) and bool(batch.labels.shares.any())
    feed.close()
    assert (changed, mirrored, joined) == CHANGES[name]


def delivered(make_context: MakeContext, spec: RunSpec, name: str) -> dict[str, Tensor]:
    context = make_context(spec, name)
    run.perform(context, 1)
    return safetensors.torch.load_file(context.run_dir.model / export.WEIGHTS)


def test_the_first_weights_are_those_of_the_file_or_drawn(home: Path, make_context: MakeContext, brief: RunSpec):
    """Seen in a run that learns next to nothing."""
    write_teacher(home / "models" / "other", seed=6)
    still = direct(brief, train=replace(brief.train, learning_rate=1e-12, weight_decay=0.0))
    firsts: dict[str, tuple[Literal["random", "pretrained", "distill"], str | None]] = {
        "random": ("random", None),
        "pretrained": ("pretrained", "models/other/model.safetensors"),
        "distill": ("distill", "models/teacher"),
    }
    files = {"pretrained": "other", "distill": "teacher"}
    made = {
        name: delivered(make_context, replace(still, student=StudentSpec("cnn-tiny", 8, *first)), name)
        for name, first in firsts.items()
    }
    for name, weights in made.items():
        for kind, folder in files.items():
            first = safetensors.torch.load_file(home / "models" / folder / export.WEIGHTS)
            distance = max(float((weights[key] - first[key]).abs().max()) for key in first)
            assert (distance < 1e-6) is (kind == name)
