"""What a detector should find: the objects of a batch, padded to the same number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

PADDING = -1
"""The label of a place without an object."""


class Targets(NamedTuple):
    """Objects of a batch of B pictures, M places for each."""

    labels: Tensor
    """int64 ``[B, M]``; PADDING where there is no object."""

    boxes: Tensor
    """float32 ``[B, M, 4]``: left, top, right, bottom in pixels of the input."""

    scores: Tensor | None = None
    """float32 ``[B, M]`` in 0 … 1: how sure it is that the object is there; None means 1 everywhere.

    Pseudo-labels carry the teacher's confidence; it scales what the student is asked to answer.
    """

    labelled: Tensor | None = None
    """bool ``[B]``; the others have no part in the loss. None means all."""


def padded(labels: Sequence[Tensor], boxes: Sequence[Tensor], scores: Sequence[Tensor] | None = None) -> Targets:
    """Pad the objects of each picture, ``[n]`` and ``[n, 4]``, to the largest n."""
    most = max((len(of_picture) for of_picture in labels), default=0)
    return Targets(
        _stacked(labels, most, PADDING, torch.int64),
        _stacked(boxes, most, 0.0, torch.float32, 4),
        None if scores is None else _stacked(scores, most, 0.0, torch.float32),
    )


def moved(targets: Targets, device: torch.device) -> Targets:
    """The same targets on a device."""
    scores = None if targets.scores is None else targets.scores.to(device)
    labelled = None if targets.labelled is None else targets.labelled.to(device)
    return Targets(targets.labels.to(device), targets.boxes.to(device), scores, labelled)


def _stacked(rows: Sequence[Tensor], most: int, filling: float, dtype: torch.dtype, *shape: int) -> Tensor:
    device = rows[0].device if rows else None
    stacked = torch.full((len(rows), most, *shape), filling, dtype=dtype, device=device)
    for place, row in zip(stacked, rows, strict=True):
        place[: len(row)] = row
    return stacked
