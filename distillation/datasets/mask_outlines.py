"""One polygon for an object of a mask: few enough points to be corrected by hand, and the same pixels again.

Every format and reader takes a polygon; of several rings of one object the readers make the union. So a hole is cut
out by a line that leads from the outline to it and back on itself, which encloses nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from distillation.datasets import class_maps, contours
from distillation.datasets.contours import Ring

LEAST_IOU = 0.99
"""Between the object and its polygon, filled again; below it the polygon follows more closely, at last every pixel."""
_TOLERANCES = (0.6, 0.3)
"""Pixels by which a polygon may leave the smoothed border."""


def outline(mask: NDArray[np.bool_], least_hole: float = 0.0) -> Ring:
    """The polygon of one object, ``bool [height, width]`` of 4-connected pixels; smaller holes are filled."""
    found = sorted(contours.rings(mask), key=contours.area, reverse=True)
    kept = [found[0], *(ring for ring in found[1:] if -contours.area(ring) >= least_hole)]
    wanted = mask.copy()
    for ring in found[1:]:
        if -contours.area(ring) < least_hole:
            wanted |= _filled(ring, mask)
    for tolerance in _TOLERANCES:
        coarse = [_simplified(_smoothed(ring), tolerance) for ring in kept]
        polygon = _joined([ring for ring in coarse if len(ring) >= 3])
        if len(polygon) and _iou(_filled(polygon, mask), wanted) >= LEAST_IOU:
            return polygon
    return _joined(kept)


def _filled(polygon: Ring, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return class_maps.shape_mask((polygon.astype(np.float32),), (mask.shape[1], mask.shape[0]))


def _iou(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(one & other) / np.count_nonzero(one | other))


def _smoothed(ring: Ring) -> Ring:
    """The middles of the sides, which lie on the line that a staircase stands for, and the corners of no staircase.

    A staircase of any slope has steps of one pixel in one of its directions.
    """
    lengths = np.abs(np.roll(ring, -1, axis=0) - ring).sum(axis=1)
    corner = (lengths > 1) & (np.roll(lengths, 1) > 1)
    points = np.stack([ring, (ring + np.roll(ring, -1, axis=0)) / 2], axis=1).reshape(-1, 2)
    smoothed: Ring = points[np.stack([corner, np.ones_like(corner)], axis=1).reshape(-1)]
    return smoothed


def _simplified(ring: Ring, tolerance: float) -> Ring:
    """Leave out points that the polygon passes at most ``tolerance`` away (Douglas and Peucker 1973)."""
    far = int(np.argmax(((ring - ring[0]) ** 2).sum(axis=1)))
    x, y = np.concatenate([ring, ring[:1]]).T.copy()
    kept = np.zeros(len(x), np.bool_)
    kept[[0, far]] = True
    waiting = [(0, far), (far, len(ring))]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        across, down = x[last] - x[first], y[last] - y[first]
        right, below = x[first + 1 : last] - x[first], y[first + 1 : last] - y[first]
        along = (right * across + below * down) / max(across * across + down * down, 1e-12)
        np.minimum(np.maximum(along, 0, out=along), 1, out=along)
        apart = (right - along * across) ** 2 + (below - along * down) ** 2
        farthest = int(apart.argmax())
        if apart[farthest] > tolerance**2:
            middle = first + 1 + farthest
            kept[middle] = True
            waiting += [(first, middle), (middle, last)]
    return ring[kept[:-1]]


def _joined(parts: list[Ring]) -> Ring:
    """One ring: each hole hangs by a line from its leftmost point to what is nearest there, and back."""
    if not parts:
        return np.zeros((0, 2))
    whole, *holes = parts
    for hole in holes:
        there = int(hole[:, 0].argmin())
        here = int(((whole[:, 0] - hole[there, 0]) ** 2 + (whole[:, 1] - hole[there, 1]) ** 2).argmin())
        around = np.concatenate([hole[there:], hole[: there + 1]])
        whole = np.concatenate([whole[: here + 1], around, whole[here:]])
    return whole
