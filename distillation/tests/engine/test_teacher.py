"""Which teachers are taken, and in which words the others are refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
import transformers
from PIL import Image

from distillation.contract.sentence import Refused, Sentence
from distillation.contract.spec import RunSpec, TeacherSpec
from distillation.engine import export, frozen_data, picture_pack, run, teacher_cache, teachers
from distillation.engine.answer_cache import TeacherOutputs
from distillation.engine.context import Context
from distillation.engine.teachers import directory
from distillation.tests.engine.samples import CLASSES, events_of, write_teacher

MakeContext = Callable[..., Context]


def write_huggingface(folder: Path, names: tuple[str, ...] = ("Dot", " CROSS", "extra", "bar")) -> Path:
    """A tiny ViT in the usual layout, with more classes than the data and in another order."""
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        image_size=16, patch_size=8, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2
    )
    config.id2label = dict(enumerate(names))
    config.label2id = {name: index for index, name in enumerate(names)}
    transformers.ViTForImageClassification(config).save_pretrained(folder)
    transformers.ViTImageProcessor(size={"height": 16, "width": 16}).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def vit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_huggingface(tmp_path_factory.mktemp("hf") / "vit")


@pytest.fixture
def hf(home: Path, vit: Path) -> TeacherSpec:
    shutil.copytree(vit, home / "models" / "vit")
    return TeacherSpec("huggingface", "vit", "models/vit")


def refusal(spec: TeacherSpec, home: Path) -> str:
    with pytest.raises(Refused) as caught:
        teachers.load(teachers.find(spec, home, CLASSES), "cpu")
    return str(caught.value)


def test_class_names_are_matched_whatever_their_case_and_spaces():
    assert teachers.match_classes("t", ("Dot", " CROSS", "extra", "bar"), CLASSES) == (3, 1, 0)
    assert teachers.match_classes("t", ("Cafe\u0301",), ("CAFÉ",)) == (0,)


def test_a_teacher_that_lacks_a_class_is_refused_naming_both_sides():
    with pytest.raises(Refused, match=r"does not know .* dot\. It knows: bar, cross, cat"):
        teachers.match_classes("t", ("bar", "cross", "cat"), CLASSES)


def test_a_teacher_with_one_name_twice_is_refused():
    with pytest.raises(Refused, match="more than one output named bar"):
        teachers.match_classes("t", ("bar", "Bar", "cross", "dot"), CLASSES)


def test_a_hugging_face_teacher_is_asked_as_transformers_would(
    home: Path, hf: TeacherSpec, make_context: MakeContext, spec: RunSpec
):
    context = make_context(replace(spec, teacher=hf))
    run.perform(context, 1)
    data = frozen_data.freeze(context)
    source = teachers.find(hf, home, CLASSES)
    outputs = teacher_cache.open_outputs(context, data, source, frozenset())
    model = transformers.AutoModelForImageClassification.from_pretrained(home / hf.path).eval()
    processor = transformers.AutoImageProcessor.from_pretrained(home / hf.path)
    for row, (path, _) in list(enumerate(data.files()))[::9]:
        with torch.inference_mode():
            logits = model(**processor(Image.open(path).convert("RGB"), return_tensors="pt")).logits[0]
        np.testing.assert_allclose(outputs.arrays["logits"][row], logits[[3, 1, 0]].numpy(), rtol=1e-4, atol=1e-5)
    result = json.loads(context.run_dir.result.read_text())
    assert result["evaluation"]["teacher"]["parameters"] == model.num_parameters()


def test_pickled_weights_are_refused_with_the_remedy(home: Path, hf: TeacherSpec):
    (home / hf.path / "model.safetensors").rename(home / hf.path / "pytorch_model.bin")
    assert "found: pytorch_model.bin. Pickled weights can run code" in refusal(hf, home)


def test_a_teacher_without_preprocessing_is_refused(home: Path, hf: TeacherSpec):
    (home / hf.path / directory.PREPROCESSOR).unlink()
    assert "has no preprocessor_config.json" in refusal(hf, home)


def test_a_teacher_of_an_unknown_type_is_refused(home: Path, hf: TeacherSpec):
    config = json.loads((home / hf.path / "config.json").read_text())
    (home / hf.path / "config.json").write_text(json.dumps({**config, "model_type": "moonshot"}))
    assert "cannot be loaded as a Hugging Face image classifier" in refusal(hf, home)


def test_a_damaged_weights_file_is_refused(home: Path, hf: TeacherSpec):
    (home / hf.path / "model.safetensors").write_bytes(b"\0" * 64)
    assert "cannot be loaded as a Hugging Face image classifier" in refusal(hf, home)


def test_weights_that_lack_the_classifier_are_refused(home: Path, hf: TeacherSpec):
    path = home / hf.path / "model.safetensors"
    weights = safetensors.torch.load_file(path)
    export.save_weights(path, {name: value for name, value in weights.items() if "classifier" not in name})
    assert "incomplete for a Hugging Face image classifier: 2 are missing" in refusal(hf, home)


def test_a_directory_without_class_names_is_refused(home: Path, hf: TeacherSpec):
    (home / hf.path / "config.json").write_text("{}")
    assert "names its classes (id2label)" in refusal(hf, home)


def test_a_foreign_directory_is_no_task_teacher(home: Path, hf: TeacherSpec):
    assert "not a model of this platform" in refusal(replace(hf, kind="task"), home)


def test_a_damaged_task_teacher_is_refused(home: Path, spec: RunSpec):
    assert spec.teacher is not None
    (home / "models/teacher/model.safetensors").write_bytes(b"no")
    assert "cannot be loaded" in refusal(spec.teacher, home)
    (home / "models/teacher/model.safetensors").unlink()
    assert "has no model.safetensors" in refusal(spec.teacher, home)


def outputs_of(context: Context, home: Path) -> TeacherOutputs:
    assert context.spec.teacher is not None
    data = frozen_data.freeze(context)
    with context.progress.phase("teacher", data.rows, "images"):
        return teacher_cache.open_outputs(
            context, data, teachers.find(context.spec.teacher, home, data.classes), frozenset()
        )


def test_damaged_cached_outputs_are_noticed_and_computed_again(home: Path, make_context: MakeContext, spec: RunSpec):
    context = make_context(spec)
    first = outputs_of(context, home)
    path = next((home / "cache" / "teacher").glob("*/logits/array.npy"))
    damaged = bytearray(path.read_bytes())
    damaged[-3] ^= 1
    path.write_bytes(damaged)
    assert outputs_of(context, home).checksum == first.checksum
    logs = [event for event in events_of(context.run_dir) if event["kind"] == "log"]
    assert "damaged" in Sentence.from_json(logs[-1]["sentence"]).english()


def test_another_teacher_has_another_cache(home: Path, make_context: MakeContext, spec: RunSpec):
    first = outputs_of(make_context(spec), home)
    write_teacher(home / "models" / "teacher", seed=6)
    assert outputs_of(make_context(spec, "second"), home).checksum != first.checksum


def test_a_checkpoint_is_not_continued_with_other_outputs_of_the_teacher(
    home: Path, make_context: MakeContext, spec: RunSpec
):
    context = make_context(spec)
    run.perform(context, 1)
    context.run_dir.result.unlink()
    (context.run_dir.checkpoints / "student" / "done.json").unlink()
    write_teacher(home / "models" / "teacher", seed=6)
    with pytest.raises(Refused, match="other outputs of the teacher"):
        run.perform(make_context(spec, attempt=2), 2)


def test_a_teacher_no_better_than_chance_is_named_in_the_log(home: Path, make_context: MakeContext, spec: RunSpec):
    folder = home / "models" / "teacher"
    weights = safetensors.torch.load_file(folder / export.WEIGHTS)
    weights["7.weight"].zero_()
    weights["7.bias"].copy_(torch.tensor([0.0, 0.0, 1.0]))
    export.save_weights(folder / export.WEIGHTS, weights)
    context = make_context(spec)
    run.perform(context, 1)
    logs = [Sentence.from_json(e["sentence"]).english() for e in events_of(context.run_dir) if e["kind"] == "log"]
    assert any("no better than chance" in log for log in logs)


def test_a_picture_that_changes_after_it_was_listed_is_refused(home: Path, make_context: MakeContext, spec: RunSpec):
    context = make_context(spec)
    data = frozen_data.freeze(context)
    (home / "datasets/shapes/val/dot/002.png").write_bytes(b"another")
    with pytest.raises(Refused, match=r"val/dot/002\.png"), context.progress.phase("prepare", data.rows, "images"):
        picture_pack.open_pack(context, data)
