"""A teacher learns from a run's labels before it teaches: kept, shared, left aside where it does not help."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from distillation.contract.sentence import Refused
from distillation.contract.spec import RunSpec, TeacherSpec
from distillation.engine import run
from distillation.engine.adaptation.learning import Learning
from distillation.engine.context import Context
from distillation.engine.stopping import Stopped
from distillation.tests.engine.lora.samples import lora_of
from distillation.tests.engine.samples import StopAt, events_of, sha256
from distillation.tests.engine.teachers.samples import write_clip
from distillation.tests.engine.test_resume import PICTURES

LOOKS = PICTURES + 1
"""At the stop request before the first step: one for each picture of the data set, one while the teacher is judged."""
Make = Callable[..., Context]


def result_of(context: Context) -> dict[str, Any]:
    return json.loads(context.run_dir.result.read_text())


def adapters(home: Path) -> list[Path]:
    return sorted((home / "cache" / "adapters").glob("*/adapter.safetensors"))


def logged(context: Context, word: str, attempt: int = 1) -> list[dict[str, Any]]:
    events = [event for event in events_of(context.run_dir, attempt) if event["kind"] == "log"]
    return [event["sentence"]["params"] for event in events if word in event["sentence"]["template"]]


def test_the_teacher_is_right_more_often_and_teaches_so(home: Path, make_context: Make, adapted: RunSpec):
    context = make_context(adapted)
    run.perform(context, 1)
    result = result_of(context)
    learned = result["lora"]
    assert learned["accuracy_before"] < 50 < 90 < learned["accuracy_after"]
    assert (learned["applied"], learned["shared"]) == (True, False)
    assert len(learned["modules"]) == 4
    assert learned["trainable_parameters"] == 4 * 8 * (32 + 32)
    assert result["evaluation"]["teacher"]["accuracy"] == learned["accuracy_after"]
    assert result["adapter_checksum"] == sha256(adapters(home)[0])
    (reported,) = logged(context, "LoRA adapts {count}")
    assert (reported["count"], reported["trainable"]) == (4, 2048)
    phases = list(dict.fromkeys(event["phase"] for event in events_of(context.run_dir) if event["kind"] == "phase"))
    assert phases == ["prepare", "adapt", "teacher", "student", "evaluate", "export"]


def test_a_second_run_takes_the_adapter_of_the_first(
    home: Path, make_context: Make, adapted: RunSpec, monkeypatch: pytest.MonkeyPatch
):
    first = make_context(adapted, "first")
    run.perform(first, 1)
    monkeypatch.setattr(Learning, "run", lambda _self: pytest.fail("trained again"))
    second = make_context(replace(adapted, task_id="TASK_00000002", train=replace(adapted.train, epochs=2)), "second")
    run.perform(second, 1)
    assert result_of(second)["lora"] == {**result_of(first)["lora"], "shared": True}
    assert result_of(second)["teacher_checksum"] == result_of(first)["teacher_checksum"]


def test_a_teacher_of_several_seeds_is_adapted_once(home: Path, make_context: Make, adapted: RunSpec):
    context = make_context(replace(adapted, train=replace(adapted.train, more_seeds=(7,))))
    run.perform(context, 1)
    assert len(adapters(home)) == len(list((home / "cache" / "teacher").glob("*/"))) == 1
    assert [entry["seed"] for entry in result_of(context)["seeds"]] == [adapted.train.seed, 7]
    assert result_of(context)["lora"]["applied"] is True


@pytest.mark.parametrize(
    "change",
    [
        {"lora": lora_of(epochs=1, rank=7)},
        {"lora": lora_of(epochs=1, bias="all")},
        {"lora": lora_of(epochs=1, layers=(0,))},
        {"lora": lora_of(epochs=2)},
        {"train": {"seed": 1}},
        {"train": {"batch_size": 9}},
        {"train": {"learning_rate": 2e-2}},
    ],
)
def test_other_settings_make_an_adapter_of_their_own(home: Path, make_context: Make, adapted: RunSpec, change: Any):
    adapted = replace(adapted, lora=lora_of(epochs=1))
    run.perform(make_context(adapted, "first"), 1)
    train = replace(adapted.train, **change.get("train", {}))
    run.perform(make_context(replace(adapted, **{**change, "train": train}), "other"), 1)
    assert len({sha256(path) for path in adapters(home)}) == 2


def test_a_teacher_that_was_not_helped_teaches_as_it_was(home: Path, make_context: Make, adapted: RunSpec):
    still = replace(adapted, train=replace(adapted.train, learning_rate=1e-8))
    contexts = [make_context(still, "adapted"), make_context(replace(still, lora=None), "as it was")]
    for context in contexts:
        run.perform(context, 1)
    with_adapter, without = map(result_of, contexts)
    assert with_adapter["lora"]["applied"] is False
    assert with_adapter["lora"]["accuracy_after"] == with_adapter["lora"]["accuracy_before"]
    assert logged(contexts[0], "did not help")
    assert with_adapter["teacher_checksum"] == without["teacher_checksum"]
    assert with_adapter["model_sha256"] == without["model_sha256"]
    assert without["lora"] is None


@pytest.mark.parametrize("looks", [1, 8, 25])
def test_an_adaptation_stopped_anywhere_goes_on_to_the_same_adapter(
    home: Path, make_context: Make, adapted: RunSpec, looks: int
):
    run.perform(make_context(adapted, "whole"), 1)
    (whole,) = adapters(home)
    expected = sha256(whole)
    (home / "cache" / "adapters").rename(home / "old")
    stopped = make_context(adapted, "stopped")
    with pytest.raises(Stopped):
        run.perform(replace(stopped, stop=StopAt(LOOKS + looks)), 1)
    assert not adapters(home)
    assert whole.with_name("checkpoint").exists()
    resumed = make_context(adapted, "stopped", attempt=2)
    run.perform(resumed, 2)
    assert sha256(whole) == expected
    assert not whole.with_name("checkpoint").exists()
    done = [event["done"] for event in events_of(resumed.run_dir, 2) if event.get("phase") == "adapt"]
    assert done[1] > 8 * looks  # it went on, and did not begin again


@pytest.mark.parametrize("damage", ["checkpoint", "adapter"])
def test_a_damaged_file_is_made_again(home: Path, make_context: Make, adapted: RunSpec, damage: str):
    run.perform(make_context(adapted, "whole"), 1)
    (file,) = adapters(home)
    expected = sha256(file)
    if damage == "checkpoint":
        file.with_name("adapter.json").unlink()
        file.with_name("checkpoint").write_bytes(b"torn")
    else:
        file.write_bytes(file.read_bytes()[:-1] + b"x")
    again = make_context(adapted, "again")
    run.perform(again, 1)
    assert sha256(file) == expected
    assert bool(logged(again, "is damaged and made again") or damage == "checkpoint")


def test_a_zero_shot_teacher_learns_in_the_tower_that_sees(home: Path, make_context: Make, adapted: RunSpec):
    write_clip(home / "models" / "clip")
    context = make_context(replace(adapted, teacher=TeacherSpec("clip", "clip", "models/clip")))
    run.perform(context, 1)
    learned = result_of(context)["lora"]
    assert learned["modules"] == [
        f"encoder.layers.{i}.self_attn.{name}" for i in (0, 1) for name in ("v_proj", "q_proj")
    ]
    assert learned["accuracy_after"] > learned["accuracy_before"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"lora": lora_of(target_modules=("gate_proj",))}, "No module of vit .* is called gate_proj"),
        ({"lora": lora_of(layers=(2,))}, "loraLayers names the layer 2"),
        ({"teacher": TeacherSpec("task", "teacher", "models/teacher")}, "student of .* takes no LoRA"),
        ({"teacher": TeacherSpec("qwen2_5_vl", "qwen", "models/qwen")}, "Qwen2.5-VL .* takes no LoRA"),
        ({"teacher": TeacherSpec("huggingface", "vit", "models/vit", "fp16")}, "full precision; .* is fp16"),
        ({"collaboration": "joint", "lora": None}, "choose loraTarget teacher"),
        ({"task_type": "sequence"}, "the task is sequence"),
    ],
)  # fmt: skip
def test_what_cannot_be_adapted_is_refused(make_context: Make, adapted: RunSpec, change: Any, sentence: str):
    with pytest.raises(Refused, match=sentence):
        run.perform(make_context(replace(adapted, **change)), 1)


def test_stop_positions_are_those_of_this_data(home: Path, make_context: Make, adapted: RunSpec):
    """The tests above count looks at the stop request; there are as many as pictures before the first."""
    context = make_context(adapted)
    with pytest.raises(Stopped):
        run.perform(replace(context, stop=StopAt(LOOKS - 1)), 1)
    assert not list((home / "cache" / "adapters").glob("*/checkpoint"))
