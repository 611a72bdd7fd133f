"""The borders of a mask along the edges of its pixels, as rings of corners.

Pixels that touch by a corner only are apart (as ``scipy.ndimage.label`` has them), so their borders are followed
separately there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ring = NDArray[np.float64]
"""``[k, 2]`` of x and y in pixels; the last point is joined to the first."""


def rings(mask: NDArray[np.bool_]) -> list[Ring]:
    """The borders of ``bool [height, width]``: every second side is horizontal, and inside lies to the right.

    Around an object they run clockwise as seen (positive :func:`area`), around a hole the other way.
    """
    padded = np.pad(mask, 1).astype(np.int8)
    across = _sides(np.diff(padded, axis=0)[:, 1:-1])
    down = _sides(-np.diff(padded, axis=1)[1:-1].T)[:, [1, 0, 3, 2]]
    # Where two pixels touch by a corner, two sides arrive and two leave: each turns right, around its own pixel.
    after_across = _joined(across[:, 2:], across[:, 2] < across[:, 0], down[:, :2], down[:, 3] < down[:, 1])
    after_down = _joined(down[:, 2:], down[:, 3] > down[:, 1], across[:, :2], across[:, 2] < across[:, 0])
    return [across[cycle].reshape(-1, 2).astype(np.float64) for cycle in _cycles(after_down[after_across])]


def area(ring: Ring) -> float:
    """By the shoelace formula, in square pixels; negative around a hole."""
    x, y = (ring - ring[0]).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def _sides(steps: NDArray[np.int8]) -> NDArray[np.int64]:
    """Sides along lines: ``[n, 4]`` of place and line of beginning and end, forwards where ``steps`` are 1."""
    padded = np.pad(steps, ((0, 0), (1, 1)))
    line, place = np.nonzero(np.diff(padded, axis=1))
    sign = padded[line, place + 1]
    (begin,) = np.nonzero(sign)
    low, high, forwards = place[begin], place[begin + 1], sign[begin] > 0
    ends = np.where(forwards, low, high), line[begin], np.where(forwards, high, low), line[begin]
    return np.stack(ends, axis=1)


def _joined(
    arrived: NDArray[np.int64], turn: NDArray[np.bool_], left: NDArray[np.int64], way: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """For each side that arrives at a corner the one that leaves it; both kinds occur equally often at each."""
    arriving, leaving = np.lexsort((turn, *arrived.T)), np.lexsort((way, *left.T))
    following = np.empty(len(arriving), np.int64)
    following[arriving] = leaving
    return following


def _cycles(following: NDArray[np.int64]) -> list[list[int]]:
    after = following.tolist()
    found, seen = [], bytearray(len(after))
    for first in range(len(after)):
        cycle, here = [], first
        while not seen[here]:
            seen[here] = 1
            cycle.append(here)
            here = after[here]
        if cycle:
            found.append(cycle)
    return found
