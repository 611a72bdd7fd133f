"""Every option changes its own part of the run's spec alone, to the value asked for, or is named here with what else
it does.

That each part of the spec does what it says is proved by the tests that ``test_option_proofs`` names; this table sees
to it that no option is lost, or taken for its neighbour, on the way there.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from distillation.contract.options import BY_NAME, OPTIONS
from distillation.contract.request import InvalidRequest
from distillation.services.run_spec import build_spec
from distillation.services.tasks import create_task
from distillation.tests.factories import PresetFactory
from distillation.tests.model_samples import HUGGINGFACE, write_model

pytestmark = pytest.mark.django_db

BASE: dict[str, Any] = {
    "taskName": "每个选项", "studentModel": "cnn-tiny", "datasetId": "digits", "teacherModel": "big", "imageSize": 8,
}  # fmt: skip
FEATURES = {"distillationType": "hybrid"}
ADAPTERS = {"loraTarget": "teacher"}

REACHES: dict[str, tuple[dict[str, Any], Any, str]] = {
    "valDatasetId": ({}, "others", "data.val_path"),
    "studentModel": ({"imageSize": 32}, "resnet18", "student.arch"),
    "teacherQuantization": ({}, "fp16", "teacher.quantization"),
    "imageSize": ({}, 16, "student.image_size"),
    "temperature": ({}, 5.0, "loss.temperature"),
    "softLabelWeight": ({}, 2.5, "loss.soft_weight"),
    "hardLabelWeight": ({}, 2.5, "loss.hard_weight"),
    "control": ({}, True, "control"),
    "collaboration": (ADAPTERS, "joint", "collaboration"),
    "method": ({}, "dkd", "loss.method"),
    "distillLossType": ({}, "mse", "loss.comparison"),
    "distillationType": ({}, "feature", "loss.kind"),
    "featureLossType": (FEATURES, "rkd", "loss.feature_loss"),
    "featureWeight": (FEATURES, 3.0, "loss.feature_weight"),
    "intermediateLayers": (FEATURES, ["a=b"], "loss.layers"),
    "attentionDistill": (FEATURES, True, "loss.feature_loss"),
    "alignFeature": (FEATURES, False, "loss.align"),
    "totalEpochs": ({}, 7, "train.epochs"),
    "batchSize": ({}, "auto", "train.batch_size"),
    "learningRate": ({}, 0.02, "train.learning_rate"),
    "optimizer": ({}, "rmsprop", "train.optimizer"),
    "lrScheduler": ({}, "step", "train.schedule"),
    "weightDecay": ({}, 0.5, "train.weight_decay"),
    "gradAccumSteps": ({}, 3, "train.grad_accum_steps"),
    "maxGradNorm": ({}, 1.5, "train.max_grad_norm"),
    "cacheViews": ({"augmentation": "strong", "teacherModel": "", "trainingMode": "direct"}, 3, "train.views"),
    "selectBest": ({}, True, "train.select_best"),
    "warmupRatio": ({}, 0.25, "train.warmup_ratio"),
    "amp": ({}, True, "train.amp"),
    "ema": ({}, True, "train.ema"),
    "earlyStopping": ({}, 4, "train.early_stopping"),
    "gpuDevices": ({}, [0, 1], "train.world_size"),
    "seed": ({}, 9, "train.seed"),
    "seeds": ({}, [0, 5], "train.more_seeds"),
    "deterministic": ({}, True, "train.deterministic"),
    "autoSaveCheckpoint": ({}, False, "checkpoint_seconds"),
    "checkpointInterval": ({}, 2, "checkpoint_epochs"),
    "loraPreset": (ADAPTERS, "宽", "lora.rank"),
    "loraRank": (ADAPTERS, 5, "lora.rank"),
    "loraAlpha": (ADAPTERS, 7, "lora.alpha"),
    "loraDropout": (ADAPTERS, 0.5, "lora.dropout"),
    "loraTargetModules": (ADAPTERS, ["fc1"], "lora.target_modules"),
    "loraLayers": (ADAPTERS, "0-1", "lora.layers"),
    "loraBiasTrain": (ADAPTERS, "all", "lora.bias"),
    "loraEpochs": (ADAPTERS, 3, "lora.epochs"),
}
"""Option → what it needs beside it, another value, and the only part of the spec that this changes."""

BECOMES: dict[str, Any] = {
    "valDatasetId": "datasets/others",
    "intermediateLayers": [["a", "b"]],
    "attentionDistill": "at",
    "batchSize": 0,
    "gpuDevices": 2,
    "seeds": [5],
    "autoSaveCheckpoint": -1,
    "loraPreset": 64,
    "loraLayers": [0, 1],
}
"""What the spec holds then, where it is not the value itself."""

OTHER_NAMES = {"8bit": "int8"}
"""Choices that the engine knows under one name."""

SEVERAL: dict[str, tuple[dict[str, Any], Any, dict[str, Any]]] = {
    "datasetId": ({}, "others", {
        "data.dataset_id": "others", "data.path": "datasets/others", "data.val_path": "datasets/others",
    }),
    "teacherModel": ({}, "second", {"teacher.name": "second", "teacher.path": "models/second"}),
    "alpha": ({}, 0.4, {"loss.soft_weight": 0.4, "loss.hard_weight": 0.6}),
    "augmentation": (
        {"teacherModel": "", "trainingMode": "direct"}, "standard",
        {"train.augmentation": "standard", "train.views": 4},
    ),
}  # fmt: skip
"""Those that change more than one, with what they become."""

WHOLE = ("trainingMode", "loraTarget")
"""Those that add or take away a whole part."""

ELSEWHERE = {
    "taskName": "a name for people; test_hostile_texts",
    "description": "for people; test_hostile_texts",
    "taskInputName": "kept for scripts; test_hostile_texts",
    "remark": "for people; test_hostile_texts",
    "datasetName": "for people; test_hostile_texts",
    "valDatasetName": "for people; test_hostile_texts",
    "taskType": "of the student, a contradiction is refused; test_request_students",
    "executor": "who trains; lifecycle and test_external_reports",
    "priority": "the order of the queue; test_moves",
    "visibility": "who sees it; test_rights_of_pages, test_who_may_what",
    "numClasses": "compared with the data at start; test_tasks",
    "studentModelType": "compared with the student; test_create_request",
    "studentModelSize": "completes a family's name; test_request_students",
    "teacherModelPath": "another way to name the teacher; test_teacher_paths",
    "teacherParamSize": "compared with the teacher's weights at start; test_teacher_paths",
    "studentParamSize": "compared with the student's parameters; test_param_sizes",
    "studentInitMethod": "first weights; test_first_weights, test_students_pretrained",
    "studentPretrainPath": "first weights; test_first_weights, test_students_pretrained",
}


@pytest.fixture(autouse=True)
def installation(home: Path, digits: Path) -> None:
    """Two data sets alike, two classifiers that know their classes, and a preset."""
    shutil.copytree(digits, home / "datasets" / "others")
    for name in ("big", "second"):
        write_model(home / "models" / name, {**HUGGINGFACE, "id2label": {"0": "0", "1": "1"}})
        (home / "models" / name / "preprocessor_config.json").write_text("{}")
    PresetFactory(preset_name="宽", lora_rank=64, lora_alpha=32, lora_dropout=0.05, target_modules=None)


def leaves(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= leaves(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return found


def spec_of(request: dict[str, Any]) -> dict[str, Any]:
    """The parts of its run's spec, as in JSON."""
    spec = build_spec(create_task(request, "alice"), threads=1, device="cpu")
    return {name: json.loads(json.dumps(part)) for name, part in leaves(asdict(spec)).items() if name != "task_id"}


def changed(beside: dict[str, Any], option: str, value: Any) -> dict[str, Any]:
    """The parts of the spec that are others when the option is another."""
    first, second = spec_of(BASE | beside), spec_of(BASE | beside | {option: value})
    return {name: second.get(name) for name in first.keys() | second.keys() if first.get(name) != second.get(name)}


@pytest.mark.parametrize("option", REACHES)
def test_an_option_changes_its_own_part_of_the_spec_alone(option: str):
    beside, value, part = REACHES[option]
    assert changed(beside, option, value) == {part: BECOMES.get(option, value)}


@pytest.mark.parametrize("option", SEVERAL)
def test_an_option_of_several_parts_changes_these(option: str):
    beside, value, parts = SEVERAL[option]
    assert changed(beside, option, value) == parts


@pytest.mark.parametrize("option", [name for name in (*REACHES, *SEVERAL) if BY_NAME[name].choices])
def test_every_choice_reaches_the_spec_as_itself(option: str):
    beside, _, parts = (REACHES | SEVERAL)[option]
    part = parts if isinstance(parts, str) else f"train.{option}"
    for choice in BY_NAME[option].choices:
        if choice == "cwd":  # not for this student; the refusal names what arrived
            with pytest.raises(InvalidRequest, match="cwd does not suit classification"):
                create_task(BASE | beside | {option: choice}, "alice")
            continue
        assert spec_of(BASE | beside | {option: choice})[part] == OTHER_NAMES.get(choice, choice)


def test_options_of_a_whole_part_add_it():
    lora = changed({}, "loraTarget", "teacher")
    assert {name.split(".")[0] for name in lora} == {"lora"}
    assert lora["lora.target"] == "teacher"
    direct = create_task(BASE | {"trainingMode": "direct", "teacherModel": ""}, "alice")
    spec = build_spec(direct, threads=1, device="cpu")
    assert (spec.mode, spec.teacher, spec.loss) == ("direct", None, None)


def test_no_option_is_left_out():
    assert sorted([*REACHES, *SEVERAL, *WHOLE, *ELSEWHERE]) == sorted(option.name for option in OPTIONS)
