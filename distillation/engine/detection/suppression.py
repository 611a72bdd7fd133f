"""Non-maximum suppression: of boxes of one class that overlap much, the best one stays."""

from __future__ import annotations

import torch
from torch import Tensor

from distillation.engine.detection import boxes as geometry

_BLOCK = 256
"""Candidates that are settled at once. Overlaps are taken within a block and with what was kept before it, so a
matrix over all candidates is never made."""


def suppress(boxes: Tensor, labels: Tensor, threshold: float, limit: int) -> Tensor:
    """Return the places of the boxes that stay, at most ``limit``, the best first.

    ``boxes [n, 4]`` with the best first, ``labels [n]``. A box goes when a better one of its class that stays
    overlaps it by an IoU above ``threshold``.
    """
    kept = torch.zeros(0, dtype=torch.int64, device=boxes.device)
    for begin in range(0, len(boxes), _BLOCK):
        block = torch.arange(begin, min(begin + _BLOCK, len(boxes)), device=boxes.device)
        block = block[~_rivals(boxes, labels, kept, block, threshold).any(dim=0)]
        kept = torch.cat((kept, block[_settle(_rivals(boxes, labels, block, block, threshold))]))
        if len(kept) >= limit:
            break
    return kept[:limit]


def _rivals(boxes: Tensor, labels: Tensor, first: Tensor, second: Tensor, threshold: float) -> Tensor:
    """bool ``[first, second]``: which are of one class and overlap too much."""
    overlap = geometry.iou(boxes[first][:, None], boxes[second][None])
    return (overlap > threshold) & (labels[first][:, None] == labels[second][None])


def _settle(rivals: Tensor) -> Tensor:
    """bool ``[n]``: who stays, going through them from the best; the same result by repetition over all at once.

    After k rounds the answer for whoever stands at the end of a chain of up to k rivals is final (cluster NMS, Zheng
    et al. 2020, arXiv:2005.03572); a loop over boxes would take n rounds.
    """
    weighed = rivals.triu(diagonal=1).float()
    stays = torch.ones(len(rivals), dtype=torch.bool, device=rivals.device)
    while True:
        again = stays.float() @ weighed == 0
        if torch.equal(again, stays):
            return stays
        stays = again
