"""The whole of detection on eight pictures of coloured squares: assignment, loss, decoding and score."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from distillation.engine import students
from distillation.engine.detection.decode import FOR_SCORING, decode
from distillation.engine.detection.loss import detection_loss
from distillation.engine.detection.matching import FoundBoxes, TrueBoxes
from distillation.engine.detection.metrics import DetectionMetrics
from distillation.engine.detection.targets import Targets, padded

SIZE = 96
COLOURS = torch.tensor([[1.0, -1, -1], [-1, 1, -1], [-1, -1, 1]])


def pictures() -> tuple[torch.Tensor, Targets]:
    """Eight of them with one to three squares of three colours, apart from one another."""
    generator = np.random.default_rng(5)
    canvas, labels, boxes = torch.zeros(8, 3, SIZE, SIZE), [], []
    for number in range(8):
        count = int(generator.integers(1, 4))
        quarters = generator.permutation(4)[:count]
        sides = generator.integers(14, 40, count)
        corners = np.stack([quarters % 2, quarters // 2], 1) * 48 + generator.integers(
            0, 48 - sides[:, None], (count, 2)
        )
        kinds = generator.integers(0, 3, count)
        for (left, top), side, kind in zip(corners.tolist(), sides.tolist(), kinds.tolist(), strict=True):
            canvas[number, :, top : top + side, left : left + side] = COLOURS[kind][:, None, None]
        labels.append(torch.from_numpy(kinds))
        boxes.append(torch.from_numpy(np.concatenate((corners, corners + sides[:, None]), 1)))
    return canvas, padded(labels, boxes)


def score(model: torch.nn.Module, canvas: torch.Tensor, wanted: Targets) -> dict:
    metrics = DetectionMetrics(("red", "green", "blue"))
    with torch.inference_mode():
        answers = decode(model(canvas), FOR_SCORING)
    for found, labels, boxes in zip(answers, wanted.labels, wanted.boxes, strict=True):
        there = labels >= 0
        metrics.add(
            FoundBoxes(*(column.numpy() for column in found)), TrueBoxes(boxes[there].numpy(), labels[there].numpy())
        )
    return metrics.figures()


@pytest.mark.slow
def test_a_detector_learns_eight_pictures_by_heart():
    torch.manual_seed(0)
    model = students.build("yolov8n", classes=3, channels=3, image_size=SIZE)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    canvas, wanted = pictures()
    for _ in range(80):
        loss = detection_loss(model(canvas), wanted).total()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimizer.step()
    found = score(model.eval(), canvas, wanted)
    assert found["map50"] > 90
    assert found["map95"] > 60
    assert found["f1"] > 90
