"""A student that learns through adapters: what learns, what is delivered, and that a stopped run ends the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor

from distillation.contract.sentence import Refused
from distillation.contract.spec import RunSpec, StudentSpec
from distillation.engine import export, run
from distillation.engine.context import Context
from distillation.engine.stopping import Stopped
from distillation.tests.engine.lora.samples import tuned
from distillation.tests.engine.samples import StopAt, direct, sha256
from distillation.tests.engine.test_resume import PICTURES

Make = Callable[..., Context]
HEAD = {"network.classifier.weight", "network.classifier.bias"}
ADAPTED = {
    f"network.vit.layers.{layer}.attention.{name}.weight" for layer in (0, 11) for name in ("q_proj", "v_proj")
}  # fmt: skip


@pytest.fixture(name="tuned")
def _tuned(home: Path, spec: RunSpec) -> RunSpec:
    return tuned(home, replace(spec, train=replace(spec.train, epochs=2)))


def weights(context: Context, arm: str = "model") -> dict[str, Tensor]:
    return safetensors.torch.load_file(context.run_dir.artifacts / arm / "model.safetensors")


def test_adapters_and_head_learn_and_plain_weights_are_delivered(home: Path, make_context: Make, tuned: RunSpec):
    context = make_context(tuned)
    run.perform(context, 1)
    first = safetensors.torch.load_file(home / "models" / "first" / "model.safetensors")
    for arm in ("model", "control"):
        found = weights(context, arm)
        assert {name for name in first if not torch.equal(found[name], first[name])} == HEAD | ADAPTED
        assert found.keys() == first.keys()
    _, config = export.load_student(context.run_dir.model)
    assert config["parameters"] == sum(tensor.numel() for tensor in first.values())

    learned = json.loads(context.run_dir.result.read_text())["lora"]
    assert {f"{path}.weight" for path in learned["modules"]} == ADAPTED
    assert learned["trainable_parameters"] == 4 * 2 * (192 + 192) + 193 * 3


@pytest.mark.slow
@pytest.mark.parametrize("choice", [{}, {"select_best": True}, {"ema": True}])
def test_what_is_delivered_is_base_and_adapter(make_context: Make, tuned: RunSpec, choice: dict[str, Any]):
    context = make_context(direct(tuned, train=replace(tuned.train, epochs=1, **choice)))
    run.perform(context, 1)
    newest = max((context.run_dir.checkpoints / "student").glob("last-*.pt"))
    state = torch.load(newest, weights_only=True)
    trained = (
        state["average"]["weights"]
        if choice.get("ema")
        else {name.removeprefix("student."): tensor for name, tensor in state["model"].items()}
    )
    found = weights(context)
    for name in ADAPTED:
        path = name.removesuffix(".weight")
        product = trained[f"{path}.lora_B.default.weight"] @ trained[f"{path}.lora_A.default.weight"]
        expected = trained[f"{path}.base_layer.weight"] + 16 / 2 * product
        assert float(product.abs().max()) > 0
        torch.testing.assert_close(found[name], expected, rtol=0, atol=1e-6)


@pytest.mark.slow
def test_a_stopped_run_ends_with_the_same_weights(make_context: Make, tuned: RunSpec):
    tuned = replace(tuned, checkpoint_seconds=1000)
    whole = make_context(tuned, "whole")
    run.perform(whole, 1)
    stopped = make_context(tuned, "stopped")
    with pytest.raises(Stopped):
        run.perform(replace(stopped, stop=StopAt(PICTURES + 3)), 1)
    assert (stopped.run_dir.checkpoints / "student").is_dir()
    run.perform(make_context(tuned, "stopped", attempt=2), 2)
    for arm in ("model", "control"):
        file = Path(arm) / "model.safetensors"
        assert sha256(stopped.run_dir.artifacts / file) == sha256(whole.run_dir.artifacts / file)


@pytest.mark.parametrize(
    ("student", "sentence"),
    [
        (StudentSpec("cnn-tiny", 8, "distill", "models/teacher"), "cnn-tiny takes no LoRA .* vit-tiny, vit-small"),
        (StudentSpec("vit-tiny", 32), "drawn at random know nothing"),
    ],
)
def test_other_students_are_refused(make_context: Make, tuned: RunSpec, student: StudentSpec, sentence: str):
    with pytest.raises(Refused, match=sentence):
        run.perform(make_context(replace(tuned, student=student)), 1)
