"""The comparison with labels, of which a batch may have few or none."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

IGNORED = -100
"""The label of an unlabelled picture in a batch."""


class Mixed(NamedTuple):
    """The labels of pictures that another one shines through (mixup, Zhang et al. 2018, arXiv:1710.09412)."""

    labels: Tensor
    """int64 ``[batch]``, IGNORED for unlabelled pictures: of the picture that is more to be seen."""
    others: Tensor
    """The other's, IGNORED where ``labels`` is."""
    shares: Tensor
    """float32 ``[batch]``: the other's part of the pixels, 0 … 1/2; 0 where there is no other."""


def plain(labels: Tensor | Mixed) -> Tensor:
    """One class a picture: where two are mixed, that of the one that is more to be seen."""
    return labels.labels if isinstance(labels, Mixed) else labels


def hard_loss(logits: Tensor, labels: Tensor | Mixed, labelled: int) -> Tensor:
    """Cross entropy, the mean over the ``labelled`` samples of the batch; 0 when there are none.

    ``labels [batch]`` holds IGNORED for the others. ``labelled`` is their number, known without a device sync. Of
    mixed pictures each class counts by its share: (1 − λ) · CE(own) + λ · CE(other).
    """
    if not labelled:
        return logits.sum() * 0.0
    if isinstance(labels, Mixed):
        own, other = (
            F.cross_entropy(logits, each, ignore_index=IGNORED, reduction="none")
            for each in (labels.labels, labels.others)
        )
        return torch.lerp(own, other, labels.shares).sum() / labelled
    return F.cross_entropy(logits, labels, ignore_index=IGNORED)
