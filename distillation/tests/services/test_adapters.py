"""LoRA settings from the request to the run's spec: presets fill them, teachers that take no adapters are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from distillation.contract.lora import LoraSpec
from distillation.services import effective
from distillation.services.flat import flat
from distillation.services.run_spec import build_spec
from distillation.services.tasks import create_task, edit_task
from distillation.services.validation import start_problems
from distillation.tests.factories import PresetFactory
from distillation.tests.model_samples import HUGGINGFACE, write_model

pytestmark = pytest.mark.django_db
TASK: dict[str, Any] = {
    "taskName": "适配", "studentModel": "cnn-tiny", "datasetId": "digits", "teacherModel": "big",
    "loraTarget": "teacher",
}  # fmt: skip


@pytest.fixture
def big(home: Path, digits: Path) -> Path:
    """A Hugging Face classifier of the data's classes."""
    folder = home / "models" / "big"
    write_model(folder, {**HUGGINGFACE, "id2label": {"0": "0", "1": "1"}})
    (folder / "preprocessor_config.json").write_text("{}")
    return folder


def test_the_run_gets_the_settings(big):
    settings = {"loraRank": 4, "loraTargetModules": ["query", "fc1"], "loraLayers": "0-2", "loraBiasTrain": "all"}
    task = create_task({**TASK, **settings, "loraEpochs": 3, "collaboration": "none"}, "alice")
    assert json.loads(task.training_config)["loraAdvancedConfig"] == {
        "targetModules": ["query", "fc1"], "layers": "0-2", "biasTrain": "all",
    }  # fmt: skip
    spec = build_spec(task, threads=1, device="cpu")
    assert spec.lora == LoraSpec("teacher", 4, 32, 0.05, ("query", "fc1"), (0, 1, 2), "all", 3)
    assert (spec.adapts_teacher, spec.joint, type(spec).from_json(spec.to_json())) == (True, False, spec)
    joint = build_spec(create_task({**TASK, "collaboration": "joint"}, "alice"), threads=1, device="cpu")
    assert (joint.adapts_teacher, joint.joint) == (False, True)
    off = build_spec(create_task({**TASK, "loraTarget": "none"}, "alice"), threads=1, device="cpu")
    assert off.lora is None


def test_a_preset_fills_the_modules_that_are_left_empty(big):
    PresetFactory(preset_name="窄", target_modules='["q_proj", "k_proj"]')
    PresetFactory(preset_name="空", target_modules=None)
    assert create_task({**TASK, "loraPreset": "窄"}, "alice").config["loraAdvancedConfig"]["targetModules"] == [
        "q_proj", "k_proj",
    ]  # fmt: skip
    own = create_task({**TASK, "loraPreset": "窄", "loraTargetModules": "fc1"}, "alice")
    assert flat(own)["loraTargetModules"] == ["fc1"]
    edited = edit_task(own, {"loraPreset": "空"}, "alice")
    assert "loraTargetModules" not in flat(edited)


def test_modules_are_shown_as_they_are(big):
    task = create_task({**TASK, "loraTargetModules": "query, fc1"}, "alice")
    found = effective.of_task(task)
    assert found.values["loraTargetModules"] == found.given["loraTargetModules"] == ["query", "fc1"]


@pytest.mark.parametrize(
    ("config", "file", "changes", "words"),
    [
        ({"model_type": "qwen2_5_vl"}, "tokenizer.json", {}, "takes no LoRA adapters. Kinds that do: hugging"),
        ({"model_type": "clip"}, "tokenizer.json", {"collaboration": "joint"}, "cannot learn together with"),
        ({"model_type": "clip"}, "tokenizer.json", {}, ""),
    ],
)  # fmt: skip
def test_a_teacher_that_takes_no_adapters_is_refused_at_start(big, config, file, changes, words):
    (big / "config.json").write_text(json.dumps(config))
    (big / file).write_text("{}")
    problems = start_problems(create_task({**TASK, **changes}, "alice"))
    assert [problem.field for problem in problems] == (["teacherModel"] if words else [])
    assert words in "".join(problem.sentence.english() for problem in problems)
