"""Qwen2.5-VL scores each class as transformers does when picture, question and answer are given in one text."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from distillation.contract.sentence import Refused
from distillation.engine.taps import Taps, module_paths
from distillation.engine.teachers import answer_likelihood
from distillation.tests.engine.teachers.samples import CLASSES, answers, load, source_of

QUESTION = "What does the picture show? Answer with one of: bar, cross, dot."


def plainly(folder: Path, paths: list[Path], names: tuple[str, ...] = CLASSES, question: str = QUESTION) -> np.ndarray:
    """The log-probability of each answer's tokens, one whole text at a time, without a cache."""
    model = transformers.Qwen2_5_VLForConditionalGeneration.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    processor = transformers.AutoImageProcessor.from_pretrained(folder)
    scores = []
    for path in paths:
        ready = processor(Image.open(path), return_tensors="pt")
        count = int(ready["image_grid_thw"].prod()) // 4
        asked = (
            "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|>"
            f"{'<|image_pad|>' * count}<|vision_end|>{question}<|im_end|>\n<|im_start|>assistant\n"
        )
        row = []
        for name in names:
            ids = tokenizer(asked + name + "<|im_end|>", return_tensors="pt")["input_ids"]
            begin = tokenizer(asked, return_tensors="pt")["input_ids"].shape[1]
            types = (ids == model.config.image_token_id).int()
            with torch.inference_mode():
                likely = model(input_ids=ids, mm_token_type_ids=types, **ready).logits.log_softmax(-1)[0, :-1]
            row.append(float(likely.gather(1, ids[0, 1:, None])[begin - 1 :].sum()))
        scores.append(row)
    return np.array(scores)


@pytest.fixture
def folder(qwen: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(qwen, tmp_path / "qwen"))


def test_it_answers_as_transformers_does_with_the_whole_text(folder, paths):
    expected = plainly(folder, paths)
    assert np.ptp(expected, axis=0).min() > 1e-3  # else the picture would not matter
    loaded = load(folder, "qwen2_5_vl")
    np.testing.assert_allclose(answers(loaded, paths), expected, atol=1e-4)
    assert len({loaded.read(path).shape for path in paths}) > 1


def test_many_pictures_and_classes_are_scored_in_parts_with_the_same_answers(folder, paths, monkeypatch):
    whole = answers(load(folder, "qwen2_5_vl"), [*paths, *paths])
    monkeypatch.setattr(answer_likelihood, "SEQUENCES", 2)
    np.testing.assert_allclose(answers(load(folder, "qwen2_5_vl"), [*paths, *paths]), whole, atol=1e-5)


def test_question_and_answers_come_from_the_tables(folder, paths):
    (folder / "prompts.json").write_text(json.dumps({"猫": "cat", "?": "Which of {classes}?"}))
    expected = plainly(folder, paths, ("cat", "catfish"), "Which of cat, catfish?")
    np.testing.assert_allclose(answers(load(folder, "qwen2_5_vl", ("猫", "catfish")), paths), expected, atol=1e-4)


def test_a_tokenizer_of_another_model_is_refused(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "image_token_id": 9}))
    with pytest.raises(Refused, match="another token for pictures"):
        load(folder, "qwen2_5_vl")


def test_a_picture_that_is_a_line_is_refused_by_its_name(folder, tmp_path):
    Image.new("RGB", (500, 2)).save(tmp_path / "line.png")
    with pytest.raises(Refused, match=r"line\.png"):
        load(folder, "qwen2_5_vl").read(tmp_path / "line.png")


def test_the_question_is_part_of_the_identity(folder):
    asked = source_of(folder, "qwen2_5_vl").identity
    assert source_of(folder, "qwen2_5_vl", prompts=(("?", "What?"),)).identity != asked


def test_what_its_vision_tower_sees_can_be_compared(folder, paths, monkeypatch):
    """Pictures of several shapes in one pass, in parts; the mean over the tokens that the language model would get."""
    monkeypatch.setattr(answer_likelihood, "SEQUENCES", 2)
    model = transformers.Qwen2_5_VLForConditionalGeneration.from_pretrained(folder).eval()
    processor = transformers.AutoImageProcessor.from_pretrained(folder)
    loaded = load(folder, "qwen2_5_vl")
    assert loaded.network is not None
    assert module_paths(loaded.network) == ["tokens", "mean"]
    with torch.inference_mode(), Taps(loaded.network, ("tokens", "mean")) as taps:
        for path in paths:
            (expected,) = model.get_image_features(**processor(Image.open(path), return_tensors="pt")).pooler_output
            loaded.answers([loaded.read(path)] * 3, "cpu")
            seen = taps.taken()
            assert expected.std() > 0.01
            torch.testing.assert_close(seen["tokens"], expected.expand(3, -1, -1), atol=1e-4, rtol=0)
            torch.testing.assert_close(seen["mean"], expected.mean(0).expand(3, -1), atol=1e-4, rtol=0)
