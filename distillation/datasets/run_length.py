"""COCO's run-length masks: read the compressed text and plain counts, draw them, find their boxes.

Source: the format's description in the COCO API (mask API): a mask is read down its columns; counts are written
as little-endian groups of five bits plus a continuation bit, from character 48 on, each from the fourth on as the
difference to the count two before it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from distillation.datasets.shapes import RunLength

MAX_SIDE = 65_535
_FIRST, _LAST = 48, 48 + 63


def from_json(value: Any) -> RunLength | None:
    """Read ``{"size": [height, width], "counts": text or list}``; None for what is not a mask."""
    if not isinstance(value, dict):
        return None
    size, counts = value.get("size"), value.get("counts")
    if not (isinstance(size, list) and len(size) == 2 and all(type(side) is int for side in size)):
        return None
    height, width = size
    if not (0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE):
        return None
    lengths = _decompressed(counts) if isinstance(counts, str) else _plain(counts)
    if lengths is None or not lengths or min(lengths) < 0 or sum(lengths) != height * width:
        return None
    return RunLength(width, height, np.asarray(lengths, dtype=np.uint32))


def encode(mask: NDArray[np.bool_]) -> RunLength:
    """Write a mask ``bool [height, width]`` as runs."""
    height, width = mask.shape
    flat = mask.T.reshape(-1)
    borders = np.flatnonzero(np.diff(flat.astype(np.int8))) + 1
    edges = np.concatenate([[0], borders, [flat.size]])
    counts = np.diff(edges)
    if flat.size and flat[0]:
        counts = np.concatenate([[0], counts])
    return RunLength(width, height, counts.astype(np.uint32))


def decode(runs: RunLength) -> NDArray[np.bool_]:
    """Draw the mask as ``bool [height, width]``."""
    inside = np.arange(len(runs.counts)) % 2 == 1
    return np.repeat(inside, runs.counts).reshape(runs.width, runs.height).T


def box(runs: RunLength) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of the mask; all zero for an empty one."""
    mask = decode(runs)
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    if not len(columns):
        return 0.0, 0.0, 0.0, 0.0
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def _plain(counts: Any) -> list[int] | None:
    if isinstance(counts, list) and all(type(count) is int for count in counts):
        return counts
    return None


def _decompressed(text: str) -> list[int] | None:
    counts: list[int] = []
    value = shift = 0
    for char in text:
        code = ord(char)
        if not _FIRST <= code <= _LAST or shift > 35:
            return None
        code -= _FIRST
        value |= (code & 31) << shift
        shift += 5
        if code & 32:
            continue
        if code & 16:
            value -= 1 << shift
        counts.append(value + counts[-2] if len(counts) > 2 else value)
        value = shift = 0
    return None if shift else counts
