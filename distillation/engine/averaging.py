"""The exponential moving average of a model's weights (EMA), which validates better than the last weights.

Polyak, Juditsky 1992; the warm-up of the decay as in TensorFlow's ExponentialMovingAverage.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

DECAY = 0.999
"""Remembers about a thousand steps."""


class Averaging:
    """The averaged weights of one model, which has to stay on its device and keep its tensors.

    Floating-point parameters and buffers are averaged, integer buffers (counts) copied.
    """

    def __init__(self, model: nn.Module, decay: float = DECAY) -> None:
        self.updates = 0
        self._decay = decay
        self._live = model.state_dict()  # shares memory with the model, which optimizers change in place
        self._average = {name: tensor.clone() for name, tensor in self._live.items()}
        names = [name for name, tensor in self._live.items() if tensor.is_floating_point()]
        self._floats = ([self._average[name] for name in names], [self._live[name] for name in names])
        self._counts = [name for name in self._live if name not in set(names)]

    @torch.no_grad()
    def update(self) -> None:
        """average ← d · average + (1 − d) · model, with d = min(decay, (1 + n) / (10 + n)) after n updates.

        Hot: once an optimizer step. So little is remembered at first that random weights are forgotten.
        """
        decay = min(self._decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(*self._floats, 1.0 - decay)
        for name in self._counts:
            self._average[name].copy_(self._live[name])
        self.updates += 1

    def weights(self) -> dict[str, Tensor]:
        """A copy of the averaged weights, with the names of the model's ``state_dict``."""
        return {name: tensor.clone() for name, tensor in self._average.items()}

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the model have the averaged weights for a while (a validation), then its own again."""
        own = {name: tensor.clone() for name, tensor in self._live.items()}
        _copy(self._average, self._live)
        try:
            yield
        finally:
            _copy(own, self._live)

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"updates": self.updates, "weights": self.weights()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`. Raises KeyError for the weights of another model."""
        _copy(state["weights"], self._average)
        self.updates = int(state["updates"])


@torch.no_grad()
def _copy(source: dict[str, Tensor], target: dict[str, Tensor]) -> None:
    for name, tensor in target.items():
        tensor.copy_(source[name])
