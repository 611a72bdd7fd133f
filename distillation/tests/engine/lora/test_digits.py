"""A whole run of an engine process on real pictures: a tiny teacher learns the labels before it teaches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from distillation.contract import exit_codes
from distillation.contract.spec import DataSpec, RunSpec, StudentSpec
from distillation.tests.engine.lora.samples import with_vit, write_vit
from distillation.tests.engine.samples import start_engine, write_run

TRAIN, VAL = 60, 20
"""Pictures a class."""


@pytest.fixture
def digits(home: Path) -> Path:
    """Handwritten digits of scikit-learn, 8 × 8 pixels."""
    folder = home / "datasets" / "digits"
    for label, pixels in _some():
        for number, picture in enumerate(pixels[: TRAIN + VAL]):
            place = folder / ("train" if number < TRAIN else "val") / str(label)
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray((picture * 15).astype(np.uint8)).save(place / f"{number:03d}.png")
    return folder


def _some() -> Iterator[tuple[int, np.ndarray]]:
    known = load_digits()
    return ((label, known.images[known.target == label]) for label in range(10))


@pytest.mark.slow
@pytest.mark.parametrize("collaboration", ["none", "joint"])
def test_the_teacher_learns_to_read_digits_and_passes_it_on(
    home: Path, digits: Path, spec: RunSpec, collaboration: str
):
    write_vit(home / "models" / "vit", tuple(map(str, range(10))))
    spec = with_vit(spec, epochs=25, target_modules=("q_proj", "v_proj", "fc1", "fc2"))
    spec = replace(
        spec,
        data=DataSpec("digits", "datasets/digits", "datasets/digits"),
        student=StudentSpec("cnn-tiny", 8),
        train=replace(spec.train, epochs=25, batch_size=32, learning_rate=3e-3),
        collaboration=collaboration,  # type: ignore[arg-type]
    )
    run_dir = write_run(home, spec)
    code = start_engine(run_dir, home).wait(timeout=240)
    assert code == exit_codes.COMPLETED, run_dir.engine_log(1).read_text()[-3000:]
    result = json.loads(run_dir.result.read_text())
    learned = result["lora"]
    assert learned["accuracy_before"] < 30 < 50 < learned["accuracy_after"]
    assert result["evaluation"]["teacher"]["accuracy"] == learned["accuracy_after"]
    assert result["evaluation"]["accuracy"] > 60
