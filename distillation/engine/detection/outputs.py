"""What every detection student answers: the border between the networks and loss, decoding and metrics."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

STRIDES = (8, 16, 32)
"""Pixels of the input per cell of the levels P3, P4 and P5."""

REG_MAX = 16
"""Bins of the distribution over each side's distance, in strides: 0 … 15 (Li et al. 2020, generalized focal loss)."""


class Detections(NamedTuple):
    """Raw answers for a batch of square pictures of ``S`` pixels.

    The A = Σ (S / stride)² anchors are the cells' centres: P3 row by row, then P4, then P5.
    """

    classes: Tensor
    """``[batch, A, classes]``: one logit a class, each for its own sigmoid."""

    boxes: Tensor
    """``[batch, A, 4 · REG_MAX]``: logits over the distances to left, top, right and bottom, in that order."""

    features: tuple[Tensor, ...]
    """The neck's outputs P3, P4, P5, ``[batch, channels, S / stride, S / stride]``, for feature distillation; empty
    where answers were kept without them."""
