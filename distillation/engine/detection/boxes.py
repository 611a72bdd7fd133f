"""Boxes: their overlap, and what the head's distributions say about them.

A box is (left, top, right, bottom) in pixels unless a name says otherwise.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from distillation.engine.detection.outputs import REG_MAX

_TINY = 1e-7
"""Square pixels, or pixels; keeps a box without area from dividing by zero."""
_LARGEST_DISTANCE = REG_MAX - 1 - 0.01
"""Strides. Below the last bin, so that a bin lies on either side."""


def corners(centred: Tensor) -> Tensor:
    """Turn ``[…, 4]`` (centre x, centre y, width, height) into boxes."""
    centre, half = centred[..., :2], centred[..., 2:] / 2
    return torch.cat((centre - half, centre + half), dim=-1)


def centred(boxes: Tensor) -> Tensor:
    """Turn boxes ``[…, 4]`` into (centre x, centre y, width, height)."""
    first, second = boxes[..., :2], boxes[..., 2:]
    return torch.cat(((first + second) / 2, second - first), dim=-1)


def area(boxes: Tensor) -> Tensor:
    """The areas ``[…]`` of boxes ``[…, 4]``; 0 where right lies left of left."""
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(dim=-1)


def iou(first: Tensor, second: Tensor) -> Tensor:
    """Intersection over union of boxes ``[…, 4]`` that broadcast: ``first[:, None], second[None]`` makes a matrix."""
    # Column by column: half of the time of one expression over pairs of columns.
    left, top, right, bottom = first.unbind(-1)
    other_left, other_top, other_right, other_bottom = second.unbind(-1)
    width = torch.minimum(right, other_right) - torch.maximum(left, other_left)
    height = torch.minimum(bottom, other_bottom) - torch.maximum(top, other_top)
    shared = width.clamp(min=0) * height.clamp(min=0)
    return shared / (area(first) + area(second) - shared + _TINY)


def complete_iou(predicted: Tensor, wanted: Tensor) -> Tensor:
    """CIoU ``[n]`` of pairs ``[n, 4]``: IoU − d² / c² − α · v, between −1.5 and 1.

    d: distance of the centres; c: diagonal of the box around both; v = 4/π² (atan(w'/h') − atan(w/h))²; α =
    v / (1 − IoU + v), which has no gradient. Zheng et al. 2020, arXiv:1911.08287.
    """
    overlap = iou(predicted, wanted)
    (centre, size), (other_centre, other_size) = (
        ((boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]) for boxes in (predicted, wanted)
    )
    around = torch.maximum(predicted[..., 2:], wanted[..., 2:]) - torch.minimum(predicted[..., :2], wanted[..., :2])
    distance = (centre - other_centre).square().sum(-1) / (around.square().sum(-1) + _TINY)
    shape = (4 / math.pi**2) * (_slope(other_size) - _slope(size)).square()
    with torch.no_grad():
        weight = shape / (1 - overlap + shape + _TINY)
    return overlap - distance - weight * shape


def _slope(size: Tensor) -> Tensor:
    return torch.atan(size[..., 0] / (size[..., 1] + _TINY))


def distances(logits: Tensor) -> Tensor:
    """Expected distances ``[…, 4]`` in strides of logits ``[…, 4 · REG_MAX]``: Σ i · softmax(z)_i.

    Li et al. 2020, generalized focal loss, arXiv:2006.04388.
    """
    bins = torch.arange(REG_MAX, dtype=torch.float32, device=logits.device)
    return logits.float().unflatten(-1, (4, REG_MAX)).softmax(dim=-1) @ bins


def from_distances(points: Tensor, strides: Tensor, sides: Tensor) -> Tensor:
    """Boxes ``[…, 4]`` around ``points […, 2]`` (pixels) with ``sides […, 4]`` in units of ``strides […, 1]``."""
    return torch.cat((points - sides[..., :2] * strides, points + sides[..., 2:] * strides), dim=-1)


def to_distances(points: Tensor, strides: Tensor, boxes: Tensor) -> Tensor:
    """Distances ``[…, 4]`` in strides from points to the sides of boxes, within what the bins can say (0 … 14.99)."""
    sides = torch.cat((points - boxes[..., :2], boxes[..., 2:] - points), dim=-1) / strides
    return sides.clamp(0, _LARGEST_DISTANCE)
