"""A whole run by an engine process for each kind of teacher: its answers reach the student."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from distillation.contract import exit_codes
from distillation.contract.spec import RunSpec, TeacherSpec
from distillation.engine import teachers
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
