"""From a detector's raw answers to boxes with a score and a label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from distillation.engine.detection import anchors as places
from distillation.engine.detection import boxes as geometry
from distillation.engine.detection.anchors import Anchors
from distillation.engine.detection.outputs import Detections
from distillation.engine.detection.suppression import suppress


class Found(NamedTuple):
    """The objects found in one picture, the surest first."""

    boxes: Tensor
    """float32 ``[n, 4]`` in pixels of the input; they may reach beyond it."""
    scores: Tensor
    """float32 ``[n]``."""
    labels: Tensor
    """int64 ``[n]``."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """Which of the answers count as objects."""

    confidence: float | tuple[float, ...] = 0.25
    """The least score, for all classes or for each; boxes at it are taken."""
    overlap: float = 0.7
    """IoU above which two boxes of one class are taken for one object."""
    every_label: bool = False
    """Whether a box may be found once for each class, as mean average precision wants it, or for its best alone."""
    candidates: int = 3000
    """Boxes of a picture, the surest, that are looked at."""
    limit: int = 300
    """Boxes of a picture that are answered."""


FOR_PEOPLE = Decoding()
"""Few and sure: somebody has to look at each."""
FOR_SCORING = Decoding(confidence=0.001, every_label=True)
"""Many: mean average precision is taken over all confidences."""


@torch.no_grad()
def decode(outputs: Detections, decoding: Decoding = FOR_PEOPLE) -> list[Found]:
    """Find the objects of each picture of a batch."""
    anchors = places.of(outputs.boxes)
    floor = _floor(decoding.confidence, outputs.classes)
    return [
        _found(classes.float(), partial(_located, boxes, anchors), floor, decoding)
        for classes, boxes in zip(outputs.classes, outputs.boxes, strict=True)
    ]


def found_in(classes: Tensor, locate: Callable[[Tensor], Tensor], decoding: Decoding = FOR_PEOPLE) -> Found:
    """Find the objects of one picture by its logits ``[A, classes]``.

    ``locate`` gives the boxes ``[n, 4]`` of n anchors: few of them are looked at.
    """
    return _found(classes, locate, _floor(decoding.confidence, classes), decoding)


def _floor(confidence: float | tuple[float, ...], classes: Tensor) -> Tensor:
    """The least logit, ``[classes]``: cheaper than the scores of all anchors, of which few are taken."""
    least = torch.tensor(confidence, dtype=torch.float64, device=classes.device)
    return torch.logit(least).float().expand(classes.shape[-1])


def _located(boxes: Tensor, anchors: Anchors, anchor: Tensor) -> Tensor:
    return geometry.from_distances(anchors.points[anchor], anchors.strides[anchor], geometry.distances(boxes[anchor]))


def _found(classes: Tensor, locate: Callable[[Tensor], Tensor], floor: Tensor, decoding: Decoding) -> Found:
    anchor, label, logits = _surest(*_candidates(classes, floor, every_label=decoding.every_label), decoding.candidates)
    found = locate(anchor)
    kept = suppress(found, label, decoding.overlap, decoding.limit)
    return Found(found[kept], logits[kept].sigmoid(), label[kept])


def _surest(anchor: Tensor, label: Tensor, logits: Tensor, most: int) -> tuple[Tensor, Tensor, Tensor]:
    """The candidates with the highest logits, highest first; equal ones in the order of anchors and labels."""
    if len(logits) > most:  # a third of the time of sorting all of them
        chosen = logits.topk(most, sorted=False).indices.sort().values
        anchor, label, logits = anchor[chosen], label[chosen], logits[chosen]
    logits, order = logits.sort(descending=True, stable=True)
    return anchor[order], label[order], logits


def _candidates(classes: Tensor, floor: Tensor, *, every_label: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Anchors, labels and logits, ``[n]`` each, that reach the floor of their class."""
    if every_label:
        anchor, label = (classes >= floor).nonzero(as_tuple=True)
        return anchor, label, classes[anchor, label]
    # The best of those that reach their floor: with a floor of its own for each, not always the best of all.
    best, label = classes.where(classes >= floor, -torch.inf).max(dim=1)
    anchor = (best > -torch.inf).nonzero(as_tuple=True)[0]
    return anchor, label[anchor], best[anchor]
