"""The run spec survives its journey through JSON and refuses what it does not know."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from distillation.contract.sentence import Refused
from distillation.contract.spec import DataSpec, LossSpec, RunSpec, StudentSpec, TeacherSpec, TrainSpec

SPEC = RunSpec(
    task_id="TASK_1",
    mode="distillation",
    task_type="classification",
    data=DataSpec("数字", "datasets/数字", "datasets/数字"),
    teacher=TeacherSpec("task", "TASK_0", "runs/TASK_0/artifacts/model"),
    student=StudentSpec("cnn-tiny", 8),
    train=TrainSpec(3, 8, 0.1, "adamw", "cosine", 0.0, 1, 0.0, 0),
    loss=LossSpec(4.0, 0.9, 0.1),
    control=True,
    threads=1,
    device="cpu",
    checkpoint_seconds=1.0,
    max_unreadable_share=0.05,
)


def test_a_spec_comes_back_as_it_was():
    assert RunSpec.from_json(SPEC.to_json()) == SPEC
    assert RunSpec.from_json(SPEC.to_json()).digest() == SPEC.digest()


def test_a_teachers_words_and_bits_come_back_as_they_were():
    words = (("猫", "a photo of a cat."), ("*", "a photo of a {class}."))
    spec = replace(SPEC, teacher=TeacherSpec("clip", "clip", "models/clip", "int8", words))
    back = RunSpec.from_json(spec.to_json())
    assert back == spec
    assert back.teacher.prompts == words
    assert back.digest() != SPEC.digest()


@pytest.mark.parametrize("text", ["", "[]", "null", "{", json.dumps({"version": 1}), json.dumps({"version": 99})])
def test_what_is_not_a_spec_of_this_version_is_refused(text):
    with pytest.raises(Refused, match="afresh"):
        RunSpec.from_json(text)
