"""The comparison with labels, of which a batch may have few or none."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

IGNORED = -100
"""The label of an unlabelled picture in a batch."""


def hard_loss(logits: Tensor, labels: Tensor, labelled: int) -> Tensor:
    """Cross entropy, the mean over the ``labelled`` samples of the batch; 0 when there are none.

    ``labels [batch]`` holds IGNORED for the others. ``labelled`` is their number, known without a device sync.
    """
    if not labelled:
        return logits.sum() * 0.0
    return F.cross_entropy(logits, labels, ignore_index=IGNORED)
