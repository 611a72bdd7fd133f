"""Which anchors answer for which object: task-aligned assignment (Feng et al. 2021, TOOD, arXiv:2108.07755).

An anchor suits an object by t = s^α · u^β, where s is its score for the object's class and u the IoU of its box with
the object's. Of the anchors inside the object the best few are taken. What they should answer for the class is
t / max t · max u, each maximum over the object's anchors: the best one should say as much as its box is worth.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from distillation.engine.detection import boxes as geometry
from distillation.engine.detection.anchors import Anchors
from distillation.engine.detection.outputs import STRIDES
from distillation.engine.detection.targets import Targets

TOPK = 10
"""Anchors of one object at most (13 in the paper, 10 with the published gains of the loss)."""
ALPHA, BETA = 0.5, 6.0
"""Exponents of score and overlap."""
_LEAST_WIDTH = float(min(STRIDES))
"""Pixels. A narrower object counts as that wide where anchors are looked for, lest it hold no centre and be lost."""


class Assignment(NamedTuple):
    """The n pairs of anchors and objects of a batch; every other anchor is background."""

    pictures: Tensor
    """int64 ``[n]``."""
    anchors: Tensor
    """int64 ``[n]``; no pair of picture and anchor comes twice."""
    objects: Tensor
    """int64 ``[n]``: places in the targets' rows."""
    scores: Tensor
    """float32 ``[n]``: what the anchor should answer for the object's class, 0 … 1."""


@torch.no_grad()
def assign(classes: Tensor, boxes: Tensor, targets: Targets, anchors: Anchors, topk: int = TOPK) -> Assignment:
    """Assign anchors to objects.

    ``classes [B, A, classes]`` are logits, ``boxes [B, A, 4]`` predicted boxes in pixels. An anchor that several
    objects take stays with the one that its box overlaps most; equal ones are settled by order, so the result does not
    depend on chance. On a GPU this waits for the device (nonzero).
    """
    present = targets.labels >= 0
    if targets.labelled is not None:
        present = present & targets.labelled[:, None]
    # Rows of real objects only: a padded batch has several times as many places.
    picture, place = present.nonzero(as_tuple=True)
    labels, wanted = targets.labels[picture, place], targets.boxes[picture, place]
    row, anchor = _inside(wanted, anchors.points).nonzero(as_tuple=True)
    of = picture[row]
    overlap = geometry.iou(boxes[of, anchor], wanted[row])
    fitness = classes[of, anchor, labels[row]].float().sigmoid() ** ALPHA * overlap**BETA
    taken = _best(row, fitness, len(labels), topk)
    row, anchor, overlap, fitness = row[taken], anchor[taken], overlap[taken], fitness[taken]
    kept = _settled(picture[row] * classes.shape[1] + anchor, overlap)
    row, anchor, overlap, fitness = row[kept], anchor[kept], overlap[kept], fitness[kept]
    scores = _scores(row, overlap, fitness, len(labels))
    if targets.scores is not None:
        scores = scores * targets.scores[picture[row], place[row]]
    return Assignment(picture[row], anchor, place[row], scores)


def _inside(boxes: Tensor, points: Tensor) -> Tensor:
    """bool ``[N, A]``: which anchors' centres lie in which boxes."""
    middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    half = half.clamp(min=_LEAST_WIDTH / 2)
    x, y = ((points[:, axis] - middle[:, axis, None]).abs() <= half[:, axis, None] for axis in (0, 1))
    return x & y


def _best(row: Tensor, fitness: Tensor, rows: int, topk: int) -> Tensor:
    """Places of the ``topk`` fittest candidates of each row; of equal ones the first. ``row`` ascends."""
    order = torch.argsort(fitness, descending=True, stable=True)
    order = order[torch.argsort(row[order], stable=True)]
    counts = torch.bincount(row, minlength=rows)
    rank = torch.arange(len(row), device=row.device) - (counts.cumsum(0) - counts)[row]
    return order[rank < topk]


def _settled(claims: Tensor, overlap: Tensor) -> Tensor:
    """Places of the winners where several candidates claim the same anchor: the largest overlap, the first of equal."""
    order = torch.argsort(overlap, descending=True, stable=True)
    order = order[torch.argsort(claims[order], stable=True)]
    claims = claims[order]
    first = torch.ones_like(claims, dtype=torch.bool)
    first[1:] = claims[1:] != claims[:-1]
    return order[first]


def _scores(row: Tensor, overlap: Tensor, fitness: Tensor, rows: int) -> Tensor:
    most_fit, most_overlap = (
        torch.zeros(rows, device=row.device).scatter_reduce(0, row, values, "amax")[row]
        for values in (fitness, overlap)
    )
    # An object that no box overlaps has fitness 0 everywhere and asks for nothing.
    return fitness / most_fit.clamp(min=torch.finfo(torch.float32).tiny) * most_overlap
