"""Adaptive pooling in a form that ONNX has: two products with constant matrices."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class FixedPool(nn.Module):
    """Adaptive average pooling of maps of one known size; equal to PyTorch's up to rounding."""

    rows: Tensor
    columns: Tensor

    def __init__(self, before: tuple[int, int], after: tuple[int, int]) -> None:
        super().__init__()
        self.register_buffer("rows", _shares(before[0], after[0]))
        self.register_buffer("columns", _shares(before[1], after[1]).T.contiguous())

    def forward(self, maps: Tensor) -> Tensor:
        """Map ``[batch, channels, H, W]`` to ``[batch, channels, h, w]``."""
        return self.rows @ maps @ self.columns

    @classmethod
    def replace(cls, network: nn.Module, example: Tensor) -> None:
        """Replace each adaptive pooling of ``network`` whose maps are no multiple of its outputs, in place.

        ONNX has no such pooling. ``example`` is an input that shows the sizes of the maps.
        """
        found: dict[str, tuple[int, int]] = {}

        def note(name: str) -> Any:
            def hook(_module: nn.Module, inputs: tuple[Tensor, ...], _output: Tensor) -> None:
                found[name] = (inputs[0].shape[-2], inputs[0].shape[-1])

            return hook

        pools = {name: part for name, part in network.named_modules() if isinstance(part, nn.AdaptiveAvgPool2d)}
        hooks = [pool.register_forward_hook(note(name)) for name, pool in pools.items()]
        with torch.inference_mode():
            network(example)
        for hook in hooks:
            hook.remove()
        for name, before in found.items():
            after = _sides(pools[name].output_size)
            if any(have % want for have, want in zip(before, after, strict=True)):
                parent, _dot, own = name.rpartition(".")
                setattr(network.get_submodule(parent), own, cls(before, after))


def _sides(size: Any) -> tuple[int, int]:
    return (int(size[0]), int(size[1])) if isinstance(size, tuple) else (int(size), int(size))


def _shares(before: int, after: int) -> Tensor:
    """``[after, before]``: what each input gives to each output, from ⌊i · before / after⌋ on, as in PyTorch."""
    shares = torch.zeros(after, before)
    for place in range(after):
        begin, end = place * before // after, -(-(place + 1) * before // after)
        shares[place, begin:end] = 1.0 / (end - begin)
    return shares
