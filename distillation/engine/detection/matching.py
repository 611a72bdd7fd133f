"""Which of the boxes found in a picture are which of its objects, at one IoU."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class FoundBoxes(NamedTuple):
    """What a detector found in one picture."""

    boxes: NDArray[np.float32]
    """``[n, 4]``: left, top, right, bottom; in the pixels that the objects are in too."""
    scores: NDArray[np.float32]
    """``[n]``."""
    labels: NDArray[np.int64]
    """``[n]``."""


class TrueBoxes(NamedTuple):
    """The objects of one picture."""

    boxes: NDArray[np.float32]
    """``[m, 4]``."""
    labels: NDArray[np.int64]
    """``[m]``."""


NOBODY = -1


def overlaps(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """The IoU of each pair, ``[n, m]``; 0 for boxes without area."""
    one, two = first[:, None].astype(np.float64), second[None].astype(np.float64)
    sides = np.minimum(one[..., 2:], two[..., 2:]) - np.maximum(one[..., :2], two[..., :2])
    shared = sides.clip(min=0).prod(axis=-1)
    together = (one[..., 2:] - one[..., :2]).prod(axis=-1) + (two[..., 2:] - two[..., :2]).prod(axis=-1) - shared
    return np.divide(shared, together, out=np.zeros_like(shared), where=together > 0)


def match(found: FoundBoxes, true: TrueBoxes, overlap: NDArray[np.float64], least: float) -> NDArray[np.int64]:
    """Give each box, the surest first, the free object that it overlaps most, one of its class before all others.

    ``found`` has the surest first. Returns the object's place, or NOBODY, ``[n]``. A box's answer depends on surer ones
    only, so a higher confidence keeps a beginning of it.
    """
    partner = np.full(len(found.scores), NOBODY, np.int64)
    if not len(true.labels):
        return partner
    wished = np.where(overlap >= least, overlap, 0.0)
    wished += (wished > 0) & (found.labels[:, None] == true.labels[None])
    for place in np.flatnonzero(wished.any(axis=1)):
        best = int(wished[place].argmax())
        if wished[place, best] > 0:
            partner[place] = best
            wished[:, best] = 0.0
    return partner


def match_own_class(
    found: FoundBoxes, true: TrueBoxes, overlap: NDArray[np.float64], least: float
) -> NDArray[np.int64]:
    """The same where only an object of the box's own class will do."""
    return match(found, true, np.where(found.labels[:, None] == true.labels[None], overlap, 0.0), least)
