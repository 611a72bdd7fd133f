"""MGD: masked generative distillation (Yang et al. 2022, arXiv:2205.01529).

The loss is the mean of squares between the generated and the teacher's map (``feature.feature_mse``). The paper takes
the sum over a picture's map instead, so its weight 2e-5 is 2e-5 · channels · height · width here.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from distillation.engine import drawn

MASKED_SHARE = 0.65
"""Share of the places that are hidden; the paper's for one-stage detectors."""


class MaskedGeneration(nn.Module):
    """Hide places of the student's map and generate the teacher's whole map from the rest.

    1×1 convolution to the teacher's width, a mask of whole places, 3×3 convolution, ReLU, 3×3 convolution. The mask
    is a function of (seed, number of the forward pass); the number is a buffer, so that a resumed run goes on with
    the masks of an undisturbed one. On a GPU reading it waits for the device once a step.
    """

    passes: Tensor

    def __init__(self, inputs: int, outputs: int, seed: int, *, share: float = MASKED_SHARE) -> None:
        """``inputs`` and ``outputs`` are the student's and the teacher's channels."""
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.align = drawn.convolution(inputs, outputs, 1, generator)
        self.first = drawn.convolution(outputs, outputs, 3, generator, gain=math.sqrt(2.0))
        self.second = drawn.convolution(outputs, outputs, 3, generator)
        self.register_buffer("passes", torch.zeros((), dtype=torch.int64))
        self._seed, self._share = seed, share

    def forward(self, features: Tensor) -> Tensor:
        """Map ``[B, inputs, H, W]`` to ``[B, outputs, H, W]``."""
        aligned = self.align(features)
        kept = self._kept(len(features), *features.shape[2:]).to(aligned)
        return self.second(F.relu(self.first(aligned * kept)))

    def _kept(self, batch: int, height: int, width: int) -> Tensor:
        random = np.random.Generator(np.random.PCG64((self._seed, int(self.passes))))
        self.passes.add_(1)
        return torch.from_numpy(random.random((batch, 1, height, width), dtype=np.float32) >= self._share)
