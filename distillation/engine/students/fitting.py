"""Bring tensors of a file into the shapes of a student, where that keeps their meaning."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from distillation.engine.students.key_maps import Origin
from distillation.engine.students.stored_weights import StoredWeights


def read(stored: StoredWeights, wanted: Mapping[str, Origin], shapes: Mapping[str, torch.Size]) -> dict[str, Tensor]:
    """Read the tensors that ``wanted`` names, as float32 in the student's ``shapes``; what does not fit is left out.

    Raises Refused for a damaged file.
    """
    tensors = stored.read({origin.name for origin in wanted.values()})
    fitting = {}
    for name, origin in wanted.items():
        tensor = tensors[origin.name]
        if not tensor.is_floating_point():
            continue
        tensor = tensor.to(torch.float32)
        if origin.third is not None:
            tensor = _third(tensor, origin.third)
        tensor = _adapted(name, tensor, shapes[name])
        if tensor.shape == shapes[name]:
            fitting[name] = tensor
    return fitting


def _third(tensor: Tensor, number: int) -> Tensor:
    if not tensor.dim():
        return tensor
    rows = tensor.shape[0] // 3
    return tensor[number * rows : (number + 1) * rows]


def _adapted(name: str, tensor: Tensor, shape: torch.Size) -> Tensor:
    """Resize positions, and give a first convolution the student's channels."""
    if tensor.shape == shape or tensor.dim() != len(shape):
        return tensor
    if name.endswith("position_embeddings"):
        return _resized(tensor, shape)
    if tensor.dim() == 4 and {tensor.shape[1], shape[1]} == {1, 3}:
        # A grey picture is a colour picture with three equal channels: both give the same sums.
        return tensor.sum(dim=1, keepdim=True) if shape[1] == 1 else tensor.expand(-1, 3, -1, -1) / 3
    return tensor


def _resized(positions: Tensor, shape: torch.Size) -> Tensor:
    """Interpolate a square grid of positions; the first one, the class token's, has no place in it."""
    before, after = (math.isqrt(max(count - 1, 0)) for count in (positions.shape[1], shape[1]))
    if not before or positions.shape[1] != before**2 + 1 or shape[1] != after**2 + 1:
        return positions
    grid = positions[:, 1:].transpose(1, 2).unflatten(2, (before, before))
    grid = functional.interpolate(grid, size=(after, after), mode="bicubic", align_corners=False)
    return torch.cat((positions[:, :1], grid.flatten(2).transpose(1, 2)), dim=1)
