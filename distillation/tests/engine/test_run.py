"""A whole run inside the test's process: events, files and figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
import safetensors.torch
import torch

from distillation.contract.sentence import Refused, Sentence
from distillation.contract.spec import RunSpec
from distillation.engine import export, run, standalone
from distillation.engine.context import Context
from distillation.tests.engine.samples import direct, draw, events_of, sha256

MakeContext = Callable[..., Context]


def result_of(context: Context) -> dict:
    return json.loads(context.run_dir.result.read_text())


def test_a_distillation_goes_through_its_phases_in_order(make_context: MakeContext, spec: RunSpec):
    context = make_context(spec)
    run.perform(context, 1)
    events = events_of(context.run_dir)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    phases = [event["phase"] for event in events if event["kind"] == "phase"]
    assert list(dict.fromkeys(phases)) == ["prepare", "teacher", "student", "control", "evaluate", "export"]
    progress = [event["progress"] for event in events if "progress" in event]
    assert progress == sorted(progress)
    assert progress[-1] == 99
    epochs = [(event["arm"], event["epoch"], event["step"]) for event in events if event["kind"] == "epoch"]
    # 24 labelled and 24 unlabelled pictures in batches of 8
    assert epochs == [(arm, epoch, 6 * epoch) for arm in ("student", "control") for epoch in (1, 2, 3)]
    assert events[0]["kind"] == "started"
    assert events[0]["resumed_epoch"] is None


def test_the_epoch_figures_hold_the_weighted_sum_and_its_terms(make_context: MakeContext, spec: RunSpec):
    context = make_context(spec)
    run.perform(context, 1)
    for event in events_of(context.run_dir):
        if event["kind"] != "epoch":
            continue
        if event["arm"] == "student":
            total = 0.9 * event["soft_loss"] + 0.1 * event["hard_loss"]
            assert event["soft_loss"] > 0
            assert event["train_loss"] == event["distill_loss"] == pytest.approx(total)
        else:
            assert event["soft_loss"] is None
            assert event["distill_loss"] is None
            assert event["train_loss"] == event["hard_loss"]
        assert 0 <= event["train_accuracy"] <= 100
        assert event["memory_mb"] > 0


def test_the_result_names_the_model_and_its_figures(make_context: MakeContext, spec: RunSpec):
    context = make_context(spec)
    run.perform(context, 1)
    result = result_of(context)
    model = context.run_dir.root / result["model_path"]
    assert result["outcome"] == "completed"
    assert result["spec_digest"] == spec.digest()
    assert (sha256(model), model.stat().st_size) == (result["model_sha256"], result["model_bytes"])
    for figures in (result["evaluation"], result["evaluation"]["teacher"], result["evaluation"]["control"]):
        assert figures["sample_count"] == sum(map(sum, figures["confusion_matrix"])) == 18
        assert figures["images_per_second"] > 0
    last = [event for event in events_of(context.run_dir) if event["kind"] == "epoch" and event["arm"] == "student"][-1]
    assert result["evaluation"]["accuracy"] == last["val_accuracy"] == result["final_val_accuracy"]
    assert json.loads((context.run_dir.artifacts / "evaluation.json").read_text()) == result["evaluation"]


def test_the_delivered_directory_alone_gives_the_reported_accuracy(
    home: Path, make_context: MakeContext, spec: RunSpec
):
    context = make_context(spec)
    run.perform(context, 1)
    figures = standalone.evaluate(context.run_dir.model, home / "datasets" / "shapes", "val")
    reported = result_of(context)["evaluation"]
    assert figures["confusion_matrix"] == reported["confusion_matrix"]
    assert figures["f1"] == reported["f1"]


def test_student_and_control_begin_with_the_same_weights_and_end_with_others(make_context: MakeContext, spec: RunSpec):
    context = make_context(spec)
    run.perform(context, 1)
    result = result_of(context)
    assert result["control"]["steps"] == result["steps"] == 18
    assert result["control"]["model_sha256"] != result["model_sha256"]


def test_a_direct_run_learns_the_shapes_and_says_that_unlabelled_pictures_are_not_used(
    make_context: MakeContext, spec: RunSpec
):
    context = make_context(direct(replace(spec, train=replace(spec.train, epochs=25))))
    run.perform(context, 1)
    events = events_of(context.run_dir)
    assert result_of(context)["final_val_accuracy"] >= 80
    assert result_of(context)["evaluation"]["teacher"] is None
    logs = [Sentence.from_json(event["sentence"]).english() for event in events if event["kind"] == "log"]
    assert any("24 unlabelled pictures are not used" in log for log in logs)


def test_the_same_spec_gives_the_same_weights(make_context: MakeContext, spec: RunSpec):
    one, two = make_context(spec, "one"), make_context(spec, "two")
    run.perform(one, 1)
    run.perform(two, 1)
    assert sha256(one.run_dir.model / export.WEIGHTS) == sha256(two.run_dir.model / export.WEIGHTS)


def test_another_seed_gives_other_weights(make_context: MakeContext, spec: RunSpec):
    one = make_context(spec, "one")
    two = make_context(replace(spec, train=replace(spec.train, seed=1)), "two")
    run.perform(one, 1)
    run.perform(two, 1)
    assert sha256(one.run_dir.model / export.WEIGHTS) != sha256(two.run_dir.model / export.WEIGHTS)


def test_a_finished_run_is_not_trained_again(make_context: MakeContext, spec: RunSpec):
    context = make_context(spec)
    run.perform(context, 1)
    again = make_context(spec, attempt=2)
    run.perform(again, 2)
    assert [event["kind"] for event in events_of(again.run_dir, 2)] == ["started"]


def test_a_later_attempt_refuses_files_that_changed_and_names_them(
    home: Path, make_context: MakeContext, spec: RunSpec
):
    context = make_context(spec)
    run.perform(context, 1)
    context.run_dir.result.unlink()
    (home / "datasets" / "shapes" / "train" / "bar" / "003.png").unlink()
    with pytest.raises(Refused, match=r"1 files .* train/bar/003.png"):
        run.perform(make_context(spec, attempt=2), 2)


def test_a_batch_of_one_picture_is_refused_for_a_student_with_batch_normalisation(
    make_context: MakeContext, spec: RunSpec
):
    small = direct(spec, student=replace(spec.student, arch="resnet18"), train=replace(spec.train, batch_size=1))
    with pytest.raises(Refused, match="at least two pictures"):
        run.perform(make_context(small), 1)


def test_a_loss_that_explodes_is_refused_in_words(make_context: MakeContext, spec: RunSpec):
    train = replace(spec.train, optimizer="sgd", learning_rate=1e9, epochs=5)
    with pytest.raises(Refused, match="lower learning rate"):
        run.perform(make_context(replace(spec, train=train, control=False)), 1)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("schedule", ["linear", "constant"])
def test_other_optimizers_schedules_accumulation_and_clipping_train(
    make_context: MakeContext, spec: RunSpec, optimizer: Literal["adam", "sgd"], schedule: Literal["linear", "constant"]
):
    train = replace(spec.train, optimizer=optimizer, schedule=schedule, grad_accum_steps=4, max_grad_norm=1.0)
    context = make_context(replace(spec, train=train, control=False))
    run.perform(context, 1)
    assert result_of(context)["steps"] == 3 * 2  # 6 batches, in groups of 4 and 2


def test_accumulated_batches_train_like_one_large_batch(make_context: MakeContext, spec: RunSpec):
    train = replace(spec.train, optimizer="sgd", learning_rate=0.1)
    runs = []
    for name, batch, group in (("small", 4, 2), ("large", 8, 1)):
        context = make_context(direct(spec, train=replace(train, batch_size=batch, grad_accum_steps=group)), name)
        run.perform(context, 1)
        runs.append(safetensors.torch.load_file(context.run_dir.model / export.WEIGHTS))
    small, large = runs
    for key, weight in small.items():
        torch.testing.assert_close(weight, large[key], rtol=1e-4, atol=1e-5)


def test_pictures_with_one_coloured_among_them_are_trained_in_colour(
    home: Path, make_context: MakeContext, spec: RunSpec
):
    from PIL import Image

    Image.fromarray(draw("bar", 3)).convert("RGB").save(home / "datasets/shapes/unlabeled/a.png")
    context = make_context(spec)
    run.perform(context, 1)
    assert json.loads(context.run_dir.data.read_text())["channels"] == 1
    red = Image.new("RGB", (8, 8), "red")
    red.save(home / "datasets/shapes/unlabeled/b.png")
    coloured = make_context(spec, "coloured")
    run.perform(coloured, 1)
    assert json.loads(coloured.run_dir.data.read_text())["channels"] == 3
