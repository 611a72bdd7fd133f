"""What a bound model can be used for."""

from __future__ import annotations

import json

import pytest

from distillation.storage.model_layout import model_config, use_problem
from distillation.tests.model_samples import CONFIG, HUGGINGFACE, said, write_model


def test_a_student_of_ours_can_be_used(home):
    assert use_problem(write_model(home / "models" / "a")) is None


def test_a_hugging_face_classifier_can_be_used_with_its_preprocessing(home):
    file = write_model(home / "models" / "a", HUGGINGFACE)
    assert "preprocessor_config.json" in said(use_problem(file))
    (file.parent / "preprocessor_config.json").write_text("{}")
    assert use_problem(file) is None


@pytest.mark.parametrize(
    ("name", "config", "words"),
    [
        ("other.safetensors", CONFIG, "only model.safetensors"),
        ("model.onnx", CONFIG, "ONNX"),
        ("model.safetensors", None, "No config.json"),
        ("model.safetensors", {"model_type": "bert"}, "names neither"),
        ("model.safetensors", {**CONFIG, "arch": "nothing"}, "names neither"),
    ],
)
def test_what_nothing_here_can_load_is_said(home, name, config, words):
    assert words in said(use_problem(write_model(home / "models" / "a", config, name)))


def test_the_answer_follows_the_files(home):
    """It is kept for lists, but not longer than the config stays as it is."""
    file = write_model(home / "models" / "a", None)
    assert use_problem(file) is not None
    (file.parent / "config.json").write_text(json.dumps(CONFIG))
    assert use_problem(file) is None
    (file.parent / "config.json").unlink()
    assert use_problem(file) is not None


def test_a_directory_without_a_config_has_none(home):
    (home / "models" / "a").mkdir()
    assert model_config(home / "models" / "a") is None
