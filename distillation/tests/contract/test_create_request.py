"""The shape of a create request: what is accepted, what is refused and in which words."""

from __future__ import annotations

import pytest

from distillation.contract.options import OPTIONS
from distillation.contract.request import InvalidRequest, parse, read
from distillation.contract.request_checks import direct_problems

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
        ({"studentModel": "yolov8n", "taskType": "segmentation"}, "studentModel", "learns detection"),
        ({"studentModel": "vit-tiny", "imageSize": 40}, "studentModel", "multiple of 16"),
        ({"studentModel": "vit-tiny", "studentModelType": "resnet"}, "studentModel", "family vit"),
        ({"studentModel": "resnet", "studentModelSize": "99"}, "studentModel", "There is no student"),
        ({"datasetId": ""}, "datasetId", "Choose the data set"),
        ({"teacherModel": ""}, "teacherModel", "needs a teacher"),
        ({"epochs": 0}, "epochs", "between 1 and 100000"),
        ({"epochs": 2.5}, "epochs", "whole number"),
        ({"epochs": 3, "totalEpochs": 4}, "epochs", "send one of them"),
        ({"batchSize": True}, "batchSize", "whole number"),
        ({"totalEpochs": "auto"}, "totalEpochs", "whole number"),
        ({"learningRate": "0.000000001"}, "learningRate", "between 0.00000001 and 10"),
        ({"learningRate": 0.123456789}, "learningRate", "at most 8 decimals"),
        ({"learningRate": float("nan")}, "learningRate", "must be a number"),
        ({"temperature": "1e999999999"}, "temperature", "must be a number"),
        ({"temperature": 0}, "temperature", "between 0.1 and 100"),
        ({"alpha": 0.123}, "alpha", "at most 2 decimals"),
        ({"alpha": 1.01}, "alpha", "between 0 and 1"),
        ({"alpha": 0}, "alpha", "would teach nothing"),
        ({"softLabelWeight": 0}, "softLabelWeight", "would teach nothing"),
        ({"taskType": "speech"}, "taskType", "sequence, text"),
        ({"distillationType": "hybrid", "featureLossType": "cwd"}, "featureLossType", "cwd does not suit"),
        ({"distillationType": "hybrid", "attentionDistill": True, "featureLossType": "mse"}, "attentionDistill", "mse"),
        ({"intermediateLayers": "layer3"}, "intermediateLayers", "Write student=teacher for each pair"),
        ({"intermediateLayers": ["a=b", "a=b"]}, "intermediateLayers", "different"),
        ({"intermediateLayers": True}, "intermediateLayers", "must be a list"),
        ({"method": "dkd", "distillLossType": "mse"}, "distillLossType", "compares in its own way"),
        ({"studentModel": "yolov8n", "imageSize": 64, "method": "dkd"}, "method", "kd alone"),
        ({"cacheViews": 4}, "cacheViews", "Without augmentation every view is the same"),
        (
            {"studentModel": "lstm-small", "imageSize": None, "augmentation": "light"},
            "augmentation",
            "changes pictures",
        ),
        ({"optimizer": "lion"}, "optimizer", "cannot be lion"),
        ({"control": "yes"}, "control", "true or false"),
        ({"trainingMode": "direct"}, "teacherModel", "has no teacher"),
        ({"seeds": [1, 2, 1]}, "seeds", "lists 1 twice"),
        ({"seeds": list(range(10))}, "seeds", "has 10 numbers; at most 9"),
        ({"seeds": [1, -2]}, "seeds", "between 0"),
        ({"seeds": "1, two"}, "seeds", "whole number, not two"),
        ({"seeds": 3}, "seeds", "must be a list"),
        ({"seeds": ["1"]}, "seeds", "must be a list"),
        ({"seeds": [True, 2]}, "seeds", "whole number, not True"),
        ({"seeds": [1, 2], "loraTarget": "teacher", "collaboration": "joint"}, "seeds", "Clone the task for each"),
        ({"gpuDevices": [-1]}, "gpuDevices", "between 0 and 63"),
        ({"gpuDevices": "0,0"}, "gpuDevices", "lists 0 twice"),
        ({"gpuDevices": "all"}, "gpuDevices", "must be a whole number"),
        ({"gpuDevices": {"0": 1}}, "gpuDevices", "must be a list of whole numbers"),
        ({"gpuDevices": [0, 1], "batchSize": "auto"}, "batchSize", "Choose a batchSize"),
        ({"gpuDevices": [0, 1, 2], "batchSize": 5}, "batchSize", "Choose 6 or more"),
        (
            {"gpuDevices": [0, 1], "collaboration": "joint", "loraTarget": "teacher"},
            "gpuDevices",
            "learns on one GPU",
        ),
        ({"studentInitMethod": "pretrained"}, "studentPretrainPath", "needs the place of the first weights"),
        (
            {"studentModel": "lstm", "imageSize": None, "teacherQuantization": "int8"},
            "teacherQuantization",
            "leave it",
        ),
        ({"seed": -1}, "seed", "between 0"),
        ({"numClasses": 10**400}, "numClasses", "whole number"),
    ],
)
def test_what_is_wrong_is_named_with_field_limit_and_remedy(changes, field, words):
    assert words in problems(**changes)[field]


def test_all_problems_are_told_at_once():
    assert set(problems(batchSize=-1, optimizer="lion", seeds=[1, 1])) == {
        "batchSize", "optimizer", "seeds"
    }  # fmt: skip


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


@pytest.mark.parametrize("sent", [[7, 0, 3], "7, 0, 3", "[7, 0, 3]", [7.0, 0, 3]], ids=str)
def test_seeds_are_a_list_in_any_spelling_and_win_over_the_seed(sent):
    request = parse({**GOOD, "seeds": sent, "seed": 5, "control": True})
    assert (request.seeds(), request.values["seeds"], request.arms()) == ((7, 0, 3), [7, 0, 3], 6)
    assert [problem.field for problem in request.not_applied] == ["seed"]
    for unsaid in ({"seed": 7}, {"seed": 0}, {}):
        assert parse({**GOOD, "seeds": sent, **unsaid}).not_applied == []


@pytest.mark.parametrize("nothing", [[], "", None, "[]"], ids=str)
def test_without_seeds_there_is_the_seed_alone(nothing):
    request = parse({**GOOD, "seeds": nothing, "seed": 5})
    assert (request.seeds(), request.arms(), request.not_applied) == ((5,), 1, [])


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


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"seeds": [1, 1]}, {"imageSize": "x"}, {"epochs": 3, "totalEpochs": 4}]
)
def test_one_wrong_field_hides_no_other(wrong):
    found = problems(**wrong, taskName="", studentModel="resnet19", datasetId="", teacherModel="", alpha=0)
    assert {"taskName", "studentModel", "datasetId", "teacherModel", "alpha"} < set(found)


def test_a_field_that_was_refused_is_not_guessed_for_others():
    assert set(problems(trainingMode="both", teacherModel="")) == {"trainingMode"}
    assert set(problems(executor="nobody", datasetId="")) == {"executor"}
    request, found = read({**GOOD, "optimizer": "lion", "taskType": "music"})
    assert ("optimizer" in request.values, "taskType" in request.values) == (False, False)
    assert {problem.field for problem in found} == {"optimizer", "taskType"}


@pytest.mark.parametrize(
    "older", [{}, {"loraRank": 8, "temperature": 4, "alpha": 0.5, "loraAlpha": 64, "loraDropout": 0.1}]
)
def test_direct_training_refuses_what_only_a_teacher_could_give(older):
    direct = {**GOOD, "trainingMode": "direct", "teacherModel": "", **older}
    nothing = {"hardLabelWeight": 0, "softLabelWeight": 0, "featureWeight": 0, "featureLossType": "",
               "distillLossType": "kl_div", "distillationType": "logit", "control": False}  # fmt: skip
    accepted = parse({**direct, **nothing})
    assert direct_problems(accepted) == []
    assert {problem.field for problem in accepted.not_applied} >= set(older)
    chosen = {"hardLabelWeight": 5, "softLabelWeight": 0.5, "featureWeight": 2, "distillationType": "hybrid"}
    assert {problem.field for problem in direct_problems(parse({**direct, **chosen}))} == set(chosen)
    assert direct_problems(parse({**GOOD, "hardLabelWeight": 5})) == []


def test_a_batch_size_may_be_left_to_the_run():
    assert parse({**GOOD, "batchSize": "auto"}).values["batchSize"] == 0


@pytest.mark.parametrize("sent", ["0,1", "0, 1", "[0,1]", [0, 1]])
def test_gpus_are_kept_as_numbers(sent):
    request = parse({**GOOD, "gpuDevices": sent})
    assert (request.values["gpuDevices"], request.processes()) == ([0, 1], 2)


@pytest.mark.parametrize("sent", ["", None, [], "[]", [3]])
def test_one_gpu_or_none_is_one_process(sent):
    assert parse({**GOOD, "gpuDevices": sent}).processes() == 1
