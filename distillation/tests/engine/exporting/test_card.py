"""The model card says what the result says, in both languages, whatever names occur in it."""

from __future__ import annotations

from typing import Any

import pytest

from distillation.contract.sentence import Sentence
from distillation.engine.exporting import card
from distillation.tests.engine.coloured import short_run

SPEED = {"device_name": "Chip 9", "threads": 2, "batch_size": 4}
EVALUATION: dict[str, Any] = {
    "classes": ["<b>cat</b>", "a|b\nc"], "accuracy": 81.25, "f1": 80.0, "parameters": 1626, "bytes": 9000,
    "sample_count": 160, "teacher": None, "control": None, "throughput": SPEED,
}  # fmt: skip
FACTS = {"pictures": {"train": 1234, "unlabeled": 0, "val": 160}, "unreadable": {"count": 3}}
SUM = "ab" * 32
FILES: list[dict[str, Any]] = [
    {"name": "model.onnx", "made": True, "bytes": 5053, "sha256": SUM,
     "difference": {"absolute": 2.5e-6, "relative": 3e-7, "samples": 64}},
    {"name": "model.int8.onnx", "made": False, "reason": Sentence("no {what}", {"what": "operator"}).as_json()},
]  # fmt: skip


def text(**changes: Any) -> str:
    return card.write(short_run("classification", "cnn-tiny", 8), EVALUATION | changes, FACTS, FILES)


def test_both_halves_have_the_same_figures():
    english, chinese = text().split("\n\n---\n\n")
    for half in (english, chinese):
        for figure in ("81.25", "1,626", "1,234", SUM, "5,053", "3e-07", "no operator", "Chip 9", "`learning_rate`"):
            assert figure in half
        assert half.count("\n## ") == 6
    assert "Accuracy, %" in english
    assert "准确率，%" in chinese


def test_names_are_never_markup():
    found = text()
    assert "<b>" not in found
    assert r"&lt;b&gt;cat&lt;/b&gt;, a\|b c" in found


@pytest.mark.parametrize("arm", ["teacher", "control"])
def test_there_is_a_column_for_each_that_was_measured(arm: str):
    heads = {"teacher": "|  | Student | Teacher |", "control": "|  | Student | Control, without teacher |"}
    assert heads[arm] not in text()
    found = text(**{arm: {"accuracy": 90.0, "parameters": 7}})
    assert heads[arm] in found
    assert "| Accuracy, % | 81.25 | 90.00 |" in found
    assert "| F1 (macro), % | 80.00 | – |" in found
