"""The cache's key changes with everything that changes an answer, and with nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import safetensors.torch

from distillation.contract.sentence import Refused
from distillation.engine import export
from distillation.tests.engine.teachers.samples import CLASSES, source_of


@pytest.fixture
def folder(clip: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(clip, tmp_path / "clip"))


def change_weights(folder: Path) -> None:
    weights = safetensors.torch.load_file(folder / "model.safetensors")
    weights["logit_scale"] += 1
    export.save_weights(folder / "model.safetensors", weights)


def change_json(name: str):
    def change(folder: Path) -> None:
        content = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**content, "note": 1}))

    return change


def say(folder: Path) -> None:
    (folder / "prompts.json").write_text('{"dot": "a point"}')


@pytest.mark.parametrize(
    "change",
    [change_weights, say, *map(change_json, ("config.json", "preprocessor_config.json", "tokenizer.json"))],
)
def test_weights_configuration_preprocessing_tokenizer_and_words_count(folder, change):
    before = source_of(folder, "clip").identity
    change(folder)
    assert source_of(folder, "clip").identity != before


def test_quantisation_prompts_and_the_order_of_classes_count(folder):
    ways = [
        source_of(folder, "clip"),
        source_of(folder, "clip", quantization="fp16"),
        source_of(folder, "clip", prompts=(("dot", "a point"),)),
        source_of(folder, "clip", CLASSES[::-1]),
    ]
    assert len({way.identity for way in ways}) == len(ways)


def test_the_place_and_the_table_that_the_words_are_from_do_not_count(folder, tmp_path):
    by_spec = source_of(folder, "clip", prompts=(("dot", "a point"),)).identity
    say(folder)
    assert source_of(folder, "clip").identity == by_spec
    shutil.copytree(folder, tmp_path / "elsewhere" / "clip")
    assert source_of(tmp_path / "elsewhere" / "clip", "clip").identity == by_spec


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("sam", "teaches segmentation; the task is classification"),
        ("causal_lm", "teaches text; the task is classification"),
        ("gguf", "teaches text; the task is classification"),
    ],
)
def test_teachers_of_other_tasks_are_refused_naming_both_sides(folder, kind, words):
    with pytest.raises(Refused, match=words):
        source_of(folder, kind)


def test_a_kind_from_the_future_is_refused(folder):
    with pytest.raises(Refused, match="is oracle, which this version cannot ask"):
        source_of(folder, "oracle")
