"""A whole run by an engine process for each kind of teacher: its answers reach the student."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

from distillation.contract import exit_codes
from distillation.contract.spec import LossSpec, RunSpec, TeacherSpec
from distillation.engine import run, teachers
from distillation.engine.context import Context
from distillation.tests.engine.samples import CLASSES, events_of, start_engine, write_run
from distillation.tests.engine.teachers import onnx_files
from distillation.tests.engine.teachers.samples import answers

KINDS = ("onnx", "clip", "siglip", "qwen2_5_vl")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_with_this_teacher_ends_with_a_student_that_learned_from_its_answers(
    home: Path, spec: RunSpec, kind: str, request: pytest.FixtureRequest
):
    folder = home / "models" / "big"
    if kind == "onnx":
        onnx_files.write(folder)
    else:
        shutil.copytree(request.getfixturevalue("qwen" if kind == "qwen2_5_vl" else kind), folder)
    teacher = TeacherSpec(kind, "big", "models/big")  # type: ignore[arg-type]
    spec = replace(spec, teacher=teacher, control=False)
    run_dir = write_run(home, spec)
    engine = start_engine(run_dir, home)
    code = engine.wait(timeout=240)
    assert code == exit_codes.COMPLETED, run_dir.engine_log(1).read_text()[-3000:]

    result = json.loads(run_dir.result.read_text())
    loaded = teachers.load(teachers.find(teacher, home, CLASSES), "cpu")
    assert result["evaluation"]["teacher"]["parameters"] == loaded.parameters
    assert result["evaluation"]["teacher"]["throughput"]["images_per_second"] > 0

    kept = np.load(next((home / "cache" / "teacher").rglob("array.npy")))
    # Rows are the training pictures class by class, then the unlabelled ones, then the validation pictures.
    first = sorted((home / "datasets/shapes/train/bar").iterdir())
    np.testing.assert_allclose(kept[: len(first)], answers(loaded, first), atol=1e-4)
    assert np.ptp(kept, axis=0).min() > 0
    epochs = [event for event in events_of(run_dir) if event["kind"] == "epoch"]
    assert all(event["soft_loss"] > 0 for event in epochs)


def test_the_features_of_a_vision_tower_teach_through_a_projector(
    home: Path, spec: RunSpec, qwen: Path, make_context: Callable[..., Context]
):
    shutil.copytree(qwen, home / "models" / "big")
    extra = home / "datasets/shapes/train/bar/wide.png"
    Image.fromarray(np.full((16, 32, 3), 200, np.uint8)).save(extra)  # another shape than the others
    teacher = TeacherSpec("qwen2_5_vl", "big", "models/big")
    loss = LossSpec(4.0, 0.9, 0.1, kind="feature", feature_loss="mse")
    train = replace(spec.train, epochs=2)
    context = make_context(replace(spec, teacher=teacher, control=False, loss=loss, train=train))
    run.perform(context, 1)
    epochs = [event for event in events_of(context.run_dir) if event["kind"] == "epoch"]
    assert 0 < epochs[1]["feature_loss"] < epochs[0]["feature_loss"]

    kept = {path.parent.name: np.load(path) for path in (home / "cache" / "teacher").rglob("array.npy")}
    assert set(kept) == {"logits", "mean"}
    model = transformers.Qwen2_5_VLForConditionalGeneration.from_pretrained(home / "models" / "big").eval()
    processor = transformers.AutoImageProcessor.from_pretrained(home / "models" / "big")
    first = sorted(extra.parent.iterdir())
    for row, path in enumerate(first):
        ready = processor(Image.open(path).convert("RGB"), return_tensors="pt")
        with torch.inference_mode():
            (seen,) = model.get_image_features(**ready).pooler_output
        np.testing.assert_allclose(kept["mean"][row], seen.mean(0).to(torch.float16), atol=1e-3)
