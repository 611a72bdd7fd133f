"""The LoRA options of a request: what they amount to, what is refused, and what is listed as without effect."""

from __future__ import annotations

import re
from typing import Any

import pytest

from distillation.contract.lora import LoraSpec, read_layers
from distillation.contract.request import InvalidRequest, parse
from distillation.contract.request_lora import lora_spec
from distillation.contract.sentence import Refused

GOOD = {"taskName": "x", "studentModel": "cnn-tiny", "datasetId": "digits", "teacherModel": "big"}
TEACHER = {**GOOD, "loraTarget": "teacher"}
STUDENT = {
    **GOOD, "loraTarget": "student", "studentModel": "vit-tiny", "studentInitMethod": "distill",
    "studentPretrainPath": "TASK_1",
}  # fmt: skip
DIRECT = {**STUDENT, "trainingMode": "direct", "teacherModel": ""}
OFF = {**GOOD, "loraTarget": "none"}


def problems(data: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as refused:
        parse(data)
    return {problem.field: problem.sentence.english() for problem in refused.value.problems}


def test_the_settings_become_those_of_the_run():
    settings = {
        "loraRank": 4, "loraAlpha": 6, "loraDropout": 0.2, "loraTargetModules": "query, fc1", "loraLayers": "0,2-4",
        "loraBiasTrain": "all", "loraEpochs": 7,
    }  # fmt: skip
    wanted = LoraSpec("teacher", 4, 6, 0.2, ("query", "fc1"), (0, 2, 3, 4), "all", 7)
    assert lora_spec(parse(TEACHER | settings)) == wanted
    assert lora_spec(parse(TEACHER)) == LoraSpec("teacher", 16, 32, 0.05)
    assert lora_spec(parse(STUDENT)) == lora_spec(parse(DIRECT)) == LoraSpec("student", 16, 32, 0.05)
    assert lora_spec(parse(GOOD | settings)) is None


@pytest.mark.parametrize("given", [["q_proj", " v_proj "], "q_proj,v_proj", '["q_proj", "v_proj"]'])
def test_modules_are_named_in_three_ways(given: Any):
    assert parse(TEACHER | {"loraTargetModules": given}).values["loraTargetModules"] == ["q_proj", "v_proj"]


@pytest.mark.parametrize("given", [None, "", []])
def test_no_modules_are_the_usual_ones(given: Any):
    request = parse(TEACHER | {"loraTargetModules": given})
    assert request.values["loraTargetModules"] is None
    assert "loraTargetModules" not in request.given


@pytest.mark.parametrize(
    ("text", "layers"),
    [("all", None), ("3", (3,)), ("0-2", (0, 1, 2)), (" 4 - 5 , 1", (1, 4, 5)), ("2,2", (2,))],
)
def test_layers_are_numbers_and_ranges(text: str, layers: tuple[int, ...] | None):
    assert read_layers(text) == layers


@pytest.mark.parametrize("text", ["", "x", "-1", "3-1", "0-1000", "0-99999999999", "1,", "All", "1.5", "0--2"])
def test_other_layers_are_refused(text: str):
    with pytest.raises(Refused, match="must be all, or layers"):
        read_layers(text)


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        (TEACHER | {"loraLayers": "5-2"}, "loraLayers", "5-2; it must be all"),
        (TEACHER | {"loraTargetModules": [1]}, "loraTargetModules", "list of names"),
        (TEACHER | {"loraTargetModules": False}, "loraTargetModules", "list of names"),
        (TEACHER | {"loraTargetModules": ["x" * 600]}, "loraTargetModules", "at most 500"),
        (TEACHER | {"loraBiasTrain": "some"}, "loraBiasTrain", "none, lora_only, all"),
        (TEACHER | {"loraRank": 0}, "loraRank", "between 1 and 1024"),
        (TEACHER | {"loraTarget": "both"}, "loraTarget", "none, teacher, student"),
        (TEACHER | {"trainingMode": "direct", "teacherModel": ""}, "loraTarget", "no teacher to adapt"),
        (TEACHER | {"studentModel": "yolov8n"}, "loraTarget", "the task is detection"),
        (TEACHER | {"augmentation": "light"}, "augmentation", "as they are; augmentation is light"),
        (TEACHER | {"teacherQuantization": "int8"}, "teacherQuantization", "full precision"),
        (STUDENT | {"studentModel": "resnet18"}, "loraTarget", "resnet18 takes no LoRA adapters; .* vit-tiny"),
        (STUDENT | {"studentInitMethod": "random"}, "loraTarget", "drawn at random know nothing"),
        (DIRECT | {"loraRank": 0}, "loraRank", "must be 1 or more"),
        (GOOD | {"collaboration": "joint"}, "collaboration", "choose loraTarget teacher"),
        (STUDENT | {"collaboration": "joint"}, "collaboration", "choose loraTarget teacher"),
    ],
)
def test_what_cannot_be_had_is_refused(data: dict[str, Any], field: str, words: str):
    found = problems(data)
    assert list(found) == [field]
    assert re.search(words, found[field])


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (OFF | {"loraRank": 8, "loraLayers": "0", "loraTargetModules": "q_proj"},
         {"loraRank", "loraLayers", "loraTargetModules"}),
        (TEACHER | {"loraRank": 8, "loraEpochs": 2}, set()),
        (TEACHER | {"collaboration": "joint", "loraEpochs": 2}, {"loraEpochs"}),
        (STUDENT | {"loraRank": 8, "loraEpochs": 2}, {"loraEpochs"}),
        (DIRECT | {"loraRank": 8, "loraLayers": "0"}, set()),
    ],
)  # fmt: skip
def test_what_changes_nothing_is_listed(data: dict[str, Any], names: set[str]):
    assert {problem.field for problem in parse(data).not_applied} == names


def test_a_script_elsewhere_may_ask_for_anything():
    request = parse({**TEACHER, "executor": "external", "studentModel": "llama", "collaboration": "joint"})
    assert request.not_applied == []
