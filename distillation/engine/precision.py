"""Automatic mixed precision (AMP): bfloat16 where the device takes it, else float16 with a scaled loss.

Only the student's forward pass belongs under autocast. Losses are computed outside, on outputs that :func:`widened`
brought back to float32: a KL divergence in bfloat16 has two digits.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn


def suitable_dtype(device: str) -> torch.dtype:
    """bfloat16 on the CPU and on GPUs that compute with it (Ampere and later), else float16."""
    if not device.startswith("cuda") or torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    return torch.float16


class Precision:
    """In what precision one arm computes. Without AMP everything here does nothing."""

    def __init__(self, device: str, *, amp: bool, dtype: torch.dtype | None = None) -> None:
        """``dtype`` overrules :func:`suitable_dtype`."""
        self._kind = device.partition(":")[0]
        self.dtype = (dtype or suitable_dtype(device)) if amp else torch.float32
        self._scaler = torch.amp.GradScaler(self._kind, enabled=self.dtype == torch.float16)
        if self._scaler.is_enabled():
            # A scaler makes its state with the first loss that it scales; here the gradient's weight is scaled.
            self._scaler.scale(torch.zeros((), device=device))

    def autocast(self) -> AbstractContextManager[Any]:
        """The context of a forward pass."""
        return nullcontext() if self.dtype == torch.float32 else torch.autocast(self._kind, self.dtype)

    def scale(self) -> float:
        """The factor of the gradient to give to backward; 1 except in float16."""
        return float(self._scaler.get_scale())

    def step(self, optimizer: torch.optim.Optimizer, module: nn.Module, max_norm: float = 0.0) -> bool:
        """Unscale the gradients, clip their norm to ``max_norm`` (0: not), and step. Hot: once a step.

        In float16 a gradient that overflowed is not stepped with; the scale is halved then. Returns whether the
        step was taken.
        """
        if max_norm:
            self._scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(module.parameters(), max_norm)
        if not self._scaler.is_enabled():
            optimizer.step()
            return True
        before = self._scaler.get_scale()
        self._scaler.step(optimizer)
        self._scaler.update()
        return self._scaler.get_scale() >= before

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint; empty without a scaler."""
        return self._scaler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`; one of another precision is left aside, as a scale finds itself again."""
        if state and self._scaler.is_enabled():
            self._scaler.load_state_dict(state)


def widened(outputs: Any) -> Any:
    """Outputs of a network in float32: a tensor, or a tuple, list or dictionary of such."""
    if isinstance(outputs, Tensor):
        return outputs.float() if outputs.is_floating_point() else outputs
    if isinstance(outputs, dict):
        return {name: widened(value) for name, value in outputs.items()}
    if isinstance(outputs, tuple) and hasattr(outputs, "_fields"):
        return type(outputs)(*map(widened, outputs))
    if isinstance(outputs, (tuple, list)):
        return type(outputs)(map(widened, outputs))
    return outputs
