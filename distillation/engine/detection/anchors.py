"""The places at which a detector answers: the centres of the cells of three levels."""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import torch
from torch import Tensor

from distillation.engine.detection.outputs import STRIDES

_COARSEST = max(STRIDES)
_PER_COARSEST = sum((_COARSEST // stride) ** 2 for stride in STRIDES)
"""Anchors in a square as large as the coarsest cell: 16 + 4 + 1."""


class Anchors(NamedTuple):
    """Anchors in the order of the answers: P3 row by row, then P4, then P5."""

    points: Tensor
    """``[A, 2]``, x and y in pixels of the input."""

    strides: Tensor
    """``[A, 1]``, pixels; one unit of a predicted distance."""


@functools.lru_cache(maxsize=16)
def anchors(size: int, device: torch.device) -> Anchors:
    """Make the anchors of a square picture of ``size`` pixels, a multiple of 32; kept for the next call.

    Raises ValueError for another size.
    """
    if size <= 0 or size % _COARSEST:
        raise ValueError(f"{size} is no multiple of {_COARSEST}")
    points, strides = [], []
    # What is made in inference mode could not be used by a training step later.
    with torch.inference_mode(mode=False):
        for stride in STRIDES:
            centres = (torch.arange(size // stride, device=device, dtype=torch.float32) + 0.5) * stride
            y, x = torch.meshgrid(centres, centres, indexing="ij")
            points.append(torch.stack((x, y), dim=-1).reshape(-1, 2))
            strides.append(torch.full((len(points[-1]), 1), float(stride), device=device))
        return Anchors(torch.cat(points), torch.cat(strides))


def of(answers: Tensor) -> Anchors:
    """The anchors of answers ``[batch, A, …]``; the number of anchors tells the size of the picture.

    Raises ValueError where no square picture has so many.
    """
    cells, rest = divmod(answers.shape[1], _PER_COARSEST)
    side = math.isqrt(cells)
    if rest or side**2 != cells:
        raise ValueError(f"no square picture has {answers.shape[1]} anchors")
    return anchors(side * _COARSEST, answers.device)
