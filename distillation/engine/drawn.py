"""Layers whose first weights are drawn from a generator of their own, never from torch's global one."""

from __future__ import annotations

import math

import torch
from torch import nn


def convolution(inputs: int, outputs: int, size: int, generator: torch.Generator, *, gain: float = 1.0) -> nn.Conv2d:
    """A convolution ``size × size`` that keeps height and width; weights as in :func:`linear`."""
    layer: nn.Conv2d = nn.utils.skip_init(nn.Conv2d, inputs, outputs, size, padding=size // 2)
    _draw(layer.weight, layer.bias, generator, gain)
    return layer


def linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """A linear layer: weights normal with variance gain² / inputs, which keeps the signal's size; bias 0."""
    layer: nn.Linear = nn.utils.skip_init(nn.Linear, inputs, outputs)
    _draw(layer.weight, layer.bias, generator, 1.0)
    return layer


def _draw(weight: torch.Tensor, bias: torch.Tensor | None, generator: torch.Generator, gain: float) -> None:
    nn.init.normal_(weight, std=gain / math.sqrt(weight[0].numel()), generator=generator)
    if bias is not None:
        nn.init.zeros_(bias)
