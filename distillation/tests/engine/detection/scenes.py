"""Detectors' answers that say exactly what a test wants."""

from __future__ import annotations

import torch
from torch import Tensor

from distillation.engine.detection import boxes as geometry
from distillation.engine.detection.anchors import anchors
from distillation.engine.detection.outputs import REG_MAX, Detections

SURE = 12.0
"""A logit."""


def answering(classes: Tensor, boxes: Tensor) -> Detections:
    """Answers of a detector whose features nobody looks at."""
    none = torch.zeros(0)
    return Detections(classes, boxes, (none, none, none))


def random_answers(batch: int, size: int, classes: int, seed: int = 0, spread: float = 1.0) -> Detections:
    generator = torch.Generator().manual_seed(seed)
    count = len(anchors(size, torch.device("cpu")).points)
    return answering(
        spread * torch.randn(batch, count, classes, generator=generator) - 3,
        spread * torch.randn(batch, count, 4 * REG_MAX, generator=generator),
    )


def saying(boxes: Tensor, size: int) -> Tensor:
    """Logits ``[batch, A, 4 · REG_MAX]`` that decode to ``boxes [batch, A, 4]``, as far as the bins reach."""
    points, strides = anchors(size, torch.device("cpu"))
    sides = geometry.to_distances(points, strides, boxes)
    below = sides.floor().long()
    shares = torch.full((*sides.shape, REG_MAX), 1e-9)
    shares.scatter_(-1, below[..., None], (below + 1 - sides)[..., None].clamp(min=1e-9))
    shares.scatter_(-1, below[..., None] + 1, (sides - below)[..., None].clamp(min=1e-9))
    return shares.log().flatten(-2)


def random_boxes(generator: torch.Generator, count: int, size: int, least: float = 8.0) -> Tensor:
    first = torch.rand(count, 2, generator=generator) * (size - least)
    second = first + least + torch.rand(count, 2, generator=generator) * (size - least - first)
    return torch.cat((first, second), dim=1)
