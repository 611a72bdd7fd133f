"""How a picture's bytes become what a student reads."""

from __future__ import annotations

import torch
from torch import Tensor


def normalise(pictures: Tensor) -> Tensor:
    """Scale ``uint8`` pictures to float32 in [-1, 1]; every student and every exported model uses this."""
    return pictures.to(torch.float32).div_(127.5).sub_(1.0)
