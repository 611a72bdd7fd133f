"""CLIP and SigLIP answer as transformers' own zero-shot pipeline does, in the words of the tables."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
import transformers
from PIL import Image

from distillation.contract.sentence import Refused
from distillation.engine import export
from distillation.tests.engine.teachers.samples import CLASSES, answers, load, source_of


def plainly(folder: Path, paths: list[Path], sentences: list[str]) -> np.ndarray:
    """``logits_per_image`` of the whole model, a picture at a time."""
    pipe = transformers.pipeline("zero-shot-image-classification", model=str(folder), device="cpu")
    rows = []
    for path in paths:
        with torch.inference_mode():
            inputs = pipe.preprocess(Image.open(path), candidate_labels=sentences, hypothesis_template="{}")
            rows.append(pipe._forward(inputs)["logits"][0].numpy())
    return np.array(rows)


@pytest.fixture(params=["clip", "siglip"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def folder(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copytree(request.getfixturevalue(kind), tmp_path / kind))


def test_it_answers_as_the_pipeline_of_transformers(folder, kind, paths):
    loaded = load(folder, kind)
    expected = plainly(folder, paths, [f"a photo of a {name}." for name in CLASSES])
    assert np.ptp(expected, axis=1).min() > 1e-3  # else every sentence would do
    np.testing.assert_allclose(answers(loaded, paths), expected, atol=1e-4)
    assert loaded.parameters == transformers.AutoModel.from_pretrained(folder).num_parameters()


def test_words_come_from_prompts_json_and_the_spec_wins(folder, kind, paths):
    (folder / "prompts.json").write_text(json.dumps({"BAR ": "the bar", "*": "one {class}", "dot": "no"}))
    loaded = load(folder, kind, prompts=(("dot", "a dot"),))
    expected = plainly(folder, paths, ["the bar", "one cross", "a dot"])
    np.testing.assert_allclose(answers(loaded, paths), expected, atol=1e-4)


def test_chinese_classes_need_words_that_the_model_reads(folder, kind, paths):
    with pytest.raises(Refused, match=r"asked in English words, and these classes have none: 猫"):
        source_of(folder, kind, ("猫", "dog"))
    (folder / "prompts.json").write_text(json.dumps({"猫": "a photo of a cat."}), encoding="utf-8-sig")
    expected = plainly(folder, paths, ["a photo of a cat.", "a photo of a dog."])
    np.testing.assert_allclose(answers(load(folder, kind, ("猫", "dog")), paths), expected, atol=1e-4)


def test_classes_in_the_same_words_are_refused(folder, kind):
    with pytest.raises(Refused, match="same words, so it cannot tell them apart: cross, dot"):
        source_of(folder, kind, prompts=(("dot", "x"), ("cross", "x")))


@pytest.mark.parametrize("text", ["[1]", "{", '{"a": 1}', '{"a": " "}'])
def test_a_table_that_is_no_object_of_texts_is_refused(folder, kind, text):
    (folder / "prompts.json").write_text(text)
    with pytest.raises(Refused, match="not a JSON object that maps class names to words"):
        source_of(folder, kind)


def test_words_that_are_too_long_are_refused_not_cut(folder, kind):
    with pytest.raises(Refused, match=r"reads at most \d+ tokens; these words have \d+: photo photo"):
        load(folder, kind, prompts=(("dot", "photo " * 80),))


def test_pickles_alone_are_refused_with_the_way_to_convert_them(folder, kind):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(Refused, match=r"found: pytorch_model\.bin.*convert < pytorch_model\.bin"):
        source_of(folder, kind)


def test_an_adapter_is_no_teacher(folder, kind):
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(Refused, match="is an adapter of another model"):
        source_of(folder, kind)


def test_incomplete_weights_are_refused(folder, kind):
    path = folder / "model.safetensors"
    weights = safetensors.torch.load_file(path)
    export.save_weights(path, {name: value for name, value in weights.items() if "logit_scale" not in name})
    with pytest.raises(Refused, match=r"incomplete for a \w+ model: 1 are missing .*logit_scale"):
        load(folder, kind)


def test_without_a_tokenizer_it_cannot_be_asked(folder, kind):
    for name in ("tokenizer.json", "spiece.model"):
        (folder / name).unlink(missing_ok=True)
    with pytest.raises(Refused, match="has no tokenizer"):
        source_of(folder, kind)


def test_code_beside_a_model_is_not_run(folder, kind):
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoModel": "evil.Model", "AutoConfig": "evil.Config"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text(f"open({str(folder / 'ran')!r}, 'w')")
    load(folder, kind)
    assert not (folder / "ran").exists()
