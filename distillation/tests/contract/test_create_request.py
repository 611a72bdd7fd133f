"""The shape of a create request: what is accepted, what is refused and in which words."""

from __future__ import annotations

import pytest

from distillation.contract.options import NOT_AVAILABLE, OPTIONS
from distillation.contract.request import InvalidRequest, parse

GOOD = {"taskName": "数字", "studentModel": "cnn-tiny", "datasetId": "digits", "teacherModel": "TASK_1"}


def problems(**changes) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as refused:
        parse({**GOOD, **changes})
    return {problem.field: problem.sentence.english() for problem in refused.value.problems}


def test_defaults_fill_what_is_absent_null_or_empty():
    request = parse({**GOOD, "epochs": None, "batchSize": "", "learningRate": None})
    assert (request.values["totalEpochs"], request.values["batchSize"], request.values["learningRate"]) == (
        50,
        32,
        0.001,
    )
    assert request.values["executor"] == "platform"
    assert parse(GOOD, default_executor="external").external


def test_direct_mode_takes_the_zeros_that_older_clients_send():
    zeros = {"teacherModel": "", "temperature": 0, "alpha": 0, "loraRank": 0, "loraAlpha": 0, "loraDropout": 0}
    request = parse({**GOOD, **zeros, "trainingMode": "direct"})
    assert request.direct
    assert (request.values["temperature"], request.values["loraRank"]) == (0, 0)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"taskName": "  "}, "taskName", "needs a name"),
        ({"taskName": "x" * 256}, "taskName", "at most 255"),
        ({"taskName": "a\x00b"}, "taskName", "control characters"),
        ({"taskName": ["x"]}, "taskName", "must be a text"),
        ({"studentModel": "resnet19"}, "studentModel", "available: cnn-tiny"),
        ({"studentModel": "yolov8n"}, "studentModel", "cannot be trained in this version"),
        ({"studentModel": "vit-tiny", "imageSize": 40}, "studentModel", "multiple of 16"),
        ({"studentModel": "vit-tiny", "studentModelType": "resnet"}, "studentModel", "family vit"),
        ({"studentModel": "resnet", "studentModelSize": "99"}, "studentModel", "There is no student"),
        ({"datasetId": ""}, "datasetId", "Choose the data set"),
        ({"teacherModel": ""}, "teacherModel", "needs a teacher"),
        ({"epochs": 0}, "totalEpochs", "between 1 and 100000"),
        ({"epochs": 2.5}, "totalEpochs", "whole number"),
        ({"epochs": 3, "totalEpochs": 4}, "epochs", "send one of them"),
        ({"batchSize": True}, "batchSize", "whole number"),
        ({"learningRate": "0.000000001"}, "learningRate", "between 0.00000001 and 10"),
        ({"learningRate": 0.123456789}, "learningRate", "at most 8 decimals"),
        ({"learningRate": float("nan")}, "learningRate", "must be a number"),
        ({"temperature": "1e999999999"}, "temperature", "must be a number"),
        ({"temperature": 0}, "temperature", "between 0.1 and 100"),
        ({"alpha": 0.123}, "alpha", "at most 2 decimals"),
        ({"alpha": 1.01}, "alpha", "between 0 and 1"),
        ({"alpha": 0}, "alpha", "would teach nothing"),
        ({"softLabelWeight": 0}, "softLabelWeight", "would teach nothing"),
        ({"optimizer": "rmsprop"}, "optimizer", "not available in this version"),
        ({"optimizer": "lion"}, "optimizer", "cannot be lion"),
        ({"taskType": "detection"}, "taskType", "not available in this version"),
        ({"control": "yes"}, "control", "true or false"),
        ({"trainingMode": "direct"}, "teacherModel", "has no teacher"),
        ({"amp": True}, "amp", "not available"),
        ({"gpuDevices": [0]}, "gpuDevices", "not available"),
        ({"seeds": [1, 2]}, "seeds", "not available"),
        ({"studentInitMethod": "pretrained"}, "studentInitMethod", "not available"),
        ({"seed": -1}, "seed", "between 0"),
        ({"numClasses": 10**400}, "numClasses", "whole number"),
    ],
)
def test_what_is_wrong_is_named_with_field_limit_and_remedy(changes, field, words):
    assert words in problems(**changes)[field]


def test_all_problems_are_told_at_once():
    assert set(problems(batchSize=0, optimizer="lion", amp=True)) == {"batchSize", "optimizer", "amp"}


@pytest.mark.parametrize("option", NOT_AVAILABLE, ids=lambda option: option.name)
def test_an_option_that_does_not_exist_yet_accepts_only_what_asks_for_nothing(option):
    for neutral in option.neutral:
        parse({**GOOD, option.name: neutral})
    assert option.name in problems(**{option.name: "something"})


def test_unknown_keys_are_ignored_and_listed():
    request = parse({**GOOD, "colour": "red", "taskId": "TASK_X"})
    assert request.unknown == ["colour"]


def test_a_bare_family_takes_its_size_or_its_default():
    assert parse({**GOOD, "studentModel": "vit"}).values["studentModel"] == "vit-base"
    assert parse({**GOOD, "studentModel": "vit", "studentModelSize": "tiny"}).values["studentModel"] == "vit-tiny"
    assert parse({**GOOD, "studentModel": "resnet", "studentModelSize": "18"}).values["studentModel"] == "resnet18"


def test_soft_and_hard_weights_replace_alpha():
    request = parse({**GOOD, "alpha": 0.9, "hardLabelWeight": 0.5})
    assert (request.soft_weight(), request.hard_weight()) == (0.9, 0.5)
    assert parse({**GOOD, "alpha": 0.7}).hard_weight() == 0.3


def test_lora_values_are_kept_and_listed_as_not_applied():
    request = parse({**GOOD, "loraRank": 8})
    assert request.values["loraRank"] == 8
    assert [problem.field for problem in request.not_applied] == ["loraRank"]


def test_names_of_an_external_task_are_labels():
    request = parse({"taskName": "x", "studentModel": "我的模型", "teacherModel": "gpt", "executor": "external"})
    assert request.values["studentModel"] == "我的模型"


def test_every_option_has_words_and_a_place():
    for option in OPTIONS:
        assert option.label, option.name
        assert option.help, option.name
        assert option.column or option.config_path, option.name
        if option.default is not None and option.choices:
            assert option.default in option.choices
