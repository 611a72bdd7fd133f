"""Students with random weights as finished tasks leave them, and samples for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from distillation.contract.students import STUDENTS
from distillation.engine import export, students
from distillation.engine.exporting import deployed, graph
from distillation.engine.students.yolo import Detector

CLASSES = ("圆", "square", "cross")
_WARM_UP = 30
"""Batches of noise after which the batch normalisations of a random detector know what they see."""


def make(arch: str, size: int, channels: int = 3) -> tuple[nn.Module, dict[str, Any]]:
    """A network in evaluation mode and its configuration."""
    torch.manual_seed(3)
    model = students.build(arch, classes=len(CLASSES), channels=channels, image_size=size)
    if isinstance(model, Detector):
        _find_much(model, size)
    model.eval()
    config = export.describe(model, arch=arch, classes=CLASSES, channels=channels, image_size=size, task_id="T")
    if STUDENTS[arch].task_type == "sequence":
        scale = {"mean": [0.5] * channels, "std": [2.0] * channels}
        config |= {"length": 12, "normalisation": scale, "missing_steps": "NaN at the end"}
    return model, config


def write(folder: Path, arch: str, size: int, channels: int = 3) -> Path:
    """A model directory with weights, configuration and ONNX file."""
    model, config = make(arch, size, channels)
    export.save_student(folder, model.state_dict(), config)
    (folder / "model.onnx").write_bytes(graph.as_bytes(graph.write(deployed.of(model, config), config)))
    return folder


def samples(config: dict[str, Any], count: int, seed: int = 0) -> np.ndarray:
    """Plain pictures, or sequences of 9 steps of which one is shorter."""
    generator = np.random.default_rng(seed)
    size, channels = config["image_size"], config["channels"]
    if size:
        return generator.integers(0, 256, (count, channels, size, size)).astype(np.float32)
    values = generator.normal(size=(count, 9, channels)).astype(np.float32)
    values[-1, 5:] = np.nan
    return values


def _find_much(model: Detector, size: int) -> None:
    """Without it random weights answer the same everywhere, and with a score of nearly 0."""
    for branch in model.model[-1].cv3:
        nn.init.zeros_(branch[-1].bias)
        nn.init.normal_(branch[-1].weight, std=0.5)
    with torch.no_grad():
        for _batch in range(_WARM_UP):
            model(torch.rand(4, 3, size, size) * 2 - 1)
