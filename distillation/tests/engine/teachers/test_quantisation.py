"""Fewer bits change a teacher's answers a little; where they cannot be had, the sentence says why."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from torch.ao.nn.quantized.dynamic import Linear as Int8Linear

from distillation.contract.sentence import Refused
from distillation.engine.teachers import directory, quantisation
from distillation.tests.engine.samples import write_teacher
from distillation.tests.engine.teachers.samples import answers, load
from distillation.tests.engine.test_teacher import write_huggingface

KINDS = ("task", "huggingface", "clip", "siglip", "qwen2_5_vl")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def folder(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if kind == "task":
        return write_teacher(tmp_path / "task")
    if kind == "huggingface":
        return write_huggingface(tmp_path / "vit")
    return request.getfixturevalue("qwen" if kind == "qwen2_5_vl" else kind)


@pytest.mark.parametrize(("quantization", "tolerance"), [("fp16", 0.05), ("int8", 0.6)])
def test_quantised_answers_are_near_the_full_ones_and_not_the_same(folder, kind, paths, quantization, tolerance):
    full = answers(load(folder, kind), paths)
    fewer = load(folder, kind, quantization=quantization)
    found = answers(fewer, paths)
    assert found.dtype == np.float32
    difference = np.abs(found - full).max()
    assert 0 < difference < tolerance * max(1.0, np.abs(full).max())
    assert fewer.parameters == load(folder, kind).parameters


def test_float16_answers_are_those_of_transformers_in_float16(clip, paths):
    model = transformers.CLIPModel.from_pretrained(clip, dtype=torch.float16).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(clip)
    loaded = load(clip, "clip", quantization="fp16")
    pixels = torch.stack([loaded.read(path) for path in paths]).half()
    texts = tokenizer([f"a photo of a {name}." for name in ("bar", "cross", "dot")], return_tensors="pt", padding=True)
    with torch.inference_mode():
        expected = model(**texts, pixel_values=pixels).logits_per_image.float().numpy()
    # One unit in the last place of a cosine, times the scale.
    least = model.logit_scale.detach().exp().item() * 2**-11
    np.testing.assert_allclose(answers(loaded, paths), expected, rtol=3e-3, atol=least)


def test_int8_weights_have_eight_bits(clip):
    model = load(clip, "clip", quantization="int8").model
    weights = [module.weight() for module in model.modules() if isinstance(module, Int8Linear)]
    assert weights
    assert {weight.dtype for weight in weights} == {torch.qint8}


@pytest.mark.parametrize(("quantization", "device"), [("4bit", "cpu"), ("4bit", "cuda"), ("int8", "cuda")])
def test_without_the_library_for_it_it_is_refused(monkeypatch, quantization, device):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Refused, match=f"{quantization} on {device} needs the package bitsandbytes"):
        quantisation.prepare(torch.nn.Sequential(torch.nn.Linear(2, 2)), quantization, device, "t")


def test_a_network_without_linear_layers_is_refused():
    with pytest.raises(Refused, match="has none"):
        quantisation.prepare(torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1)), "int8", "cpu", "t")


def test_a_half_precision_teacher_is_loaded_in_half_precision(clip):
    """A large one would not fit otherwise, not even for the moment of loading."""
    model = directory.load_model(transformers.CLIPModel, clip, "fp16", "x")
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float16}
