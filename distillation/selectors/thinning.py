"""Fewer points for a picture without losing what the eye looks for: the extremes of each stretch of the axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = Sequence[float | None] | NDArray[np.float64]


def extremes(x: Numbers, values: Numbers, most: int) -> list[int]:
    """Indices of at most ``most`` points, in their order: the first, the last, and of each stretch of ``x`` the
    lowest and the highest, and one that has no value where there is one (a gap in the line stays a gap).
    """
    count = len(values)
    if count <= most:
        return list(range(count))
    heights = np.array(values, dtype=np.float64)
    gaps = np.isnan(heights)
    stretches = max(1, (most - 2) // (3 if gaps.any() else 2))
    bucket = _buckets(np.array(x, dtype=np.float64), stretches)
    known = np.flatnonzero(~gaps)
    order = known[np.argsort(bucket[known], kind="stable")]  # by stretch; most axes are in order already
    ends = _ends(bucket[order], heights[order])
    kept = np.concatenate((order[ends], _one_a_stretch(np.flatnonzero(gaps), bucket), [0, count - 1]))
    indices: list[int] = np.unique(kept)[:most].tolist()
    return indices


def stretches(count: int, most: int) -> NDArray[np.int64]:
    """Where each of at most ``most`` equally long parts of ``count`` rows begins."""
    parts = min(count, most)
    return np.arange(parts, dtype=np.int64) * count // max(parts, 1)


def _buckets(x: NDArray[np.float64], stretches: int) -> NDArray[np.int64]:
    """The stretch of each point; by position where the axis is unknown or has no extent."""
    low, high = np.min(x), np.max(x)
    if not np.isfinite(high - low) or high == low:
        return np.arange(len(x), dtype=np.int64) * stretches // len(x)
    return np.minimum(((x - low) * (stretches / (high - low))).astype(np.int64), stretches - 1)


def _ends(bucket: NDArray[np.int64], heights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Where each stretch has its lowest value first, and its highest last; ``bucket`` is in order."""
    if not len(bucket):
        return np.empty(0, dtype=np.int64)
    begins = np.concatenate(([0], np.flatnonzero(np.diff(bucket)) + 1))
    lengths = np.diff(np.concatenate((begins, [len(bucket)])))
    lowest = np.flatnonzero(heights == np.repeat(np.minimum.reduceat(heights, begins), lengths))
    highest = np.flatnonzero(heights == np.repeat(np.maximum.reduceat(heights, begins), lengths))
    first = lowest[np.diff(bucket[lowest], prepend=-1) != 0]
    last = highest[np.diff(bucket[highest], append=-1) != 0]
    return np.concatenate((first, last))


def _one_a_stretch(indices: NDArray[np.int64], bucket: NDArray[np.int64]) -> NDArray[np.int64]:
    return indices[np.unique(bucket[indices], return_index=True)[1]]
