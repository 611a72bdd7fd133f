"""Features of layers inside whole runs: the layers that count, the comparisons, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from distillation.contract.feature_losses import suitable
from distillation.contract.sentence import Refused
from distillation.contract.spec import LossSpec, RunSpec
from distillation.engine import run
from distillation.engine.context import Context
from distillation.tests.engine.coloured import (
    epochs_of,
    kept_of,
    performed,
    result_of,
    short_run,
    taught,
    write_waves,
)

HYBRID = LossSpec(2.0, 0.6, 0.4, "hybrid", "mse", 0.5)
MakeContext = Callable[..., Context]


def comparing(spec: RunSpec, **loss: Any) -> RunSpec:
    return replace(spec, loss=replace(HYBRID, **loss), train=replace(spec.train, epochs=1))


@pytest.mark.parametrize("name", [name for name in suitable("classification") if name not in ("at", "mgd")])
def test_a_classifier_learns_from_features_too(make_context: MakeContext, spec: RunSpec, name: str):
    context = make_context(comparing(spec, feature_loss=name))
    run.perform(context, 1)
    (event,) = epochs_of(context, "student")
    assert event["feature_loss"] > 0
    total = 0.6 * (event["soft_loss"] + 0.5 * event["feature_loss"]) + 0.4 * event["hard_loss"]
    assert event["train_loss"] == pytest.approx(total)


def test_the_last_maps_count_where_no_layer_is_named(make_context: MakeContext, spec: RunSpec):
    context = make_context(comparing(spec, kind="feature"))
    run.perform(context, 1)
    (event,) = epochs_of(context, "student")
    assert "soft_loss" not in event or event["soft_loss"] is None
    layers = {name: shape for name, shape in kept_of(context).items() if name != "logits"}
    assert len(layers) == 1
    assert len(next(iter(layers.values()))) == 3  # a map


@pytest.mark.parametrize("name", ["at", "mgd"])
def test_named_layers_are_compared_in_augmented_views(make_context: MakeContext, spec: RunSpec, name: str):
    last = last_layer(make_context, spec)
    loss = comparing(spec, feature_loss=name, layers=((last, last),))
    context = make_context(replace(loss, train=replace(loss.train, augmentation="light", views=2)), "views")
    run.perform(context, 1)
    (event,) = epochs_of(context, "student")
    assert event["feature_loss"] > 0
    assert last in kept_of(context)


def test_another_layer_or_weight_gives_other_weights(make_context: MakeContext, spec: RunSpec):
    last = last_layer(make_context, spec)
    changes: dict[str, dict[str, Any]] = {
        "unnamed": {},
        "named": {"layers": ((last, last),)},
        "both": {"layers": ((last, last), ("0", last))},
        "heavier": {"feature_weight": 5.0},
        "unaligned": {"align": False},
    }
    made = {}
    for name, loss in changes.items():
        context = make_context(comparing(spec, **loss), name)
        run.perform(context, 1)
        made[name] = result_of(context)["model_sha256"]
    assert made["unnamed"] == made["named"]
    assert len(set(made.values())) == 4


def test_a_layer_that_does_not_exist_is_refused_with_near_ones(make_context: MakeContext, spec: RunSpec):
    for layers in ((("nowhere", "0"),), (("0", "nowhere"),)):
        with pytest.raises(Refused, match="The model has no layer nowhere"):
            run.perform(make_context(comparing(spec, layers=layers)), 1)


def last_layer(make_context: MakeContext, spec: RunSpec) -> str:
    """What a run without named layers keeps of the teacher."""
    context = make_context(comparing(spec), "probe")
    run.perform(context, 1)
    (name,) = set(kept_of(context)) - {"logits"}
    return name


def test_a_comparison_that_does_not_suit_the_task_is_refused(make_context: MakeContext, spec: RunSpec):
    with pytest.raises(Refused, match="cwd does not suit classification; for classification there are: mse, cosine"):
        run.perform(make_context(comparing(spec, feature_loss="cwd")), 1)


def test_series_are_compared_step_by_step_and_by_their_relations(tmp_path: Path):
    torch.set_num_threads(1)
    write_waves(tmp_path / "datasets" / "sequence")
    alone = short_run("sequence", "lstm-small", 0, epochs=2, batch_size=8)
    performed(tmp_path, alone, "teacher")
    for name in ("mse", "rkd"):
        context = performed(tmp_path, taught(alone, "teacher", replace(HYBRID, feature_loss=name)), name)
        assert all(event["feature_loss"] > 0 for event in epochs_of(context, "student"))
    steps = {name: shape for name, shape in kept_of(context).items() if name != "logits"}
    assert [len(shape) for shape in steps.values()] == [2]  # steps and channels
