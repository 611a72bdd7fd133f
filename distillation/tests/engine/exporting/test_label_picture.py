"""The delivered script, alone with a picture and a model, says what the platform says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from distillation.contract.labelling import USUAL_THRESHOLD
from distillation.engine import export, students
from distillation.engine.detection import letterbox
from distillation.engine.detection.letterbox import Letterbox
from distillation.engine.exporting import delivery, graph, suppressed
from distillation.engine.labelling import components, predictors
from distillation.tests.datasets.annotated import SIDEWAYS, picture
from distillation.tests.engine.exporting import models


def labelled(folder: Path, path: Path, task_type: str) -> Any:
    """What the script writes, started in an empty environment."""
    script = folder / delivery.SCRIPT
    script.write_bytes(delivery.script_of(task_type).read_bytes())
    done = subprocess.run(
        [sys.executable, "-I", script, path], capture_output=True, check=True, cwd=path.parent, env={}
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("task_type", ["classification", "detection", "segmentation"])
def test_the_script_is_short(task_type: str):
    _, _, code = delivery.script_of(task_type).read_text().split('"""', 2)
    lines = [line for line in code.splitlines() if line and not line.startswith(("#", "import ", "from "))]
    assert len(lines) <= 24


def noise(path: Path, width: int, height: int) -> Path:
    """A picture in which a random detector finds much."""
    blocks = np.random.default_rng(1).integers(0, 256, (height // 8, width // 8, 3)).astype(np.uint8)
    Image.fromarray(blocks).resize((width, height), Image.Resampling.NEAREST).save(path)
    return path


@pytest.mark.parametrize("name", ["turned.jpg", "clear.png"])
def test_a_classifier_names_the_class(tmp_path: Path, name: str):
    folder = models.write(tmp_path / "model", "cnn-tiny", 32)
    if name == "turned.jpg":
        path = picture(tmp_path / name, orientation=SIDEWAYS)
    else:
        path = tmp_path / name
        Image.fromarray(np.random.default_rng(2).integers(0, 256, (30, 50, 4)).astype(np.uint8), "RGBA").save(path)
    predictor = predictors.load(folder)
    (wanted,) = predictor.predict([predictor.read(path)], [0.0] * 3)
    first, *others = labelled(folder, path, "classification")
    assert first["class"] == models.CLASSES[wanted[0].number]
    assert first["probability"] == pytest.approx(wanted[0].score, abs=2e-4)
    assert len(others) == 2


@pytest.mark.slow
def test_a_detector_draws_the_same_boxes(tmp_path: Path):
    folder = models.write(tmp_path / "model", "yolov8n", 64)
    found_only = suppressed.append(onnx.load(str(folder / delivery.ONNX)))
    graph.state(found_only, export.read_config(folder), "float32", suppressed=True)
    (folder / delivery.NMS).write_bytes(graph.as_bytes(found_only))
    path = noise(tmp_path / "wide.png", 160, 90)
    predictor = predictors.load(folder)
    (wanted,) = predictor.predict([predictor.read(path)], [USUAL_THRESHOLD] * 3)
    found = labelled(folder, path, "detection")
    assert len(found) == len(wanted) > 5
    for mine, label in zip(found, wanted, strict=True):
        assert mine["class"] == models.CLASSES[label.number]
        assert mine["score"] == pytest.approx(label.score, abs=2e-4)
        assert mine["box"] == pytest.approx(label.box, abs=0.05)


@pytest.mark.slow
def test_a_segmenter_writes_a_mask_of_the_picture(tmp_path: Path):
    folder = models.write(tmp_path / "model", "unet-small", 32)
    path = noise(tmp_path / "wide.png", 64, 40)
    found = labelled(folder, path, "segmentation")
    mask = np.asarray(Image.open(found["mask"]))
    model, _config = export.load_student(folder)
    fitted = letterbox.fitted(np.asarray(Image.open(path)), 32)
    with torch.inference_mode():
        said = model(students.normalise(torch.from_numpy(fitted).permute(2, 0, 1)[None])).softmax(dim=1)[0]
    wanted, _scores = components.likeliest(said.numpy(), Letterbox(64, 40, 32))
    assert mask.shape == (40, 64)
    assert (mask == wanted).mean() > 0.999
    assert sum(found["shares"].values()) == pytest.approx(1, abs=1e-3)
