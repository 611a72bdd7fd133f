"""Whether an exported graph answers as the network does: measured on held-out samples, never assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from distillation.engine.exporting.session import Session

LIMIT = 1e-3
"""Of the largest answer. Above it another network answers; rounding alone stays a hundred times below."""
SAMPLES = 64
BATCH_FLOATS = 4_000_000
"""Input values of one forward pass."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The largest difference over all samples."""

    absolute: float
    """In units of the answers: logits, pixels of boxes, scores."""
    relative: float
    """To the largest answer of the same output."""
    samples: int

    @property
    def close(self) -> bool:
        """False also for answers that are not numbers."""
        return self.relative <= LIMIT

    def as_json(self) -> dict[str, Any]:
        """For the result, with the limit."""
        return {**asdict(self), "limit": LIMIT}


def compare(network: nn.Module, session: Session, samples: NDArray[np.float32]) -> Agreement:
    """Ask both for every sample, in batches of two sizes, since a graph could have fixed the one of its tracing."""
    absolute = relative = 0.0
    for part in batches(samples):
        with torch.inference_mode():
            wanted = network(torch.from_numpy(part))
        expected = [wanted] if isinstance(wanted, torch.Tensor) else list(wanted)
        for answer, true in zip(session(part), expected, strict=True):
            apart, scale = _difference(answer, true.numpy())
            absolute, relative = _worse(absolute, apart), _worse(relative, apart / scale)
    return Agreement(absolute, relative, len(samples))


def batches(samples: NDArray[np.float32]) -> Sequence[NDArray[np.float32]]:
    """The first sample alone, then as many at once as are small enough."""
    size = max(1, BATCH_FLOATS // max(1, samples[0].size))
    rest = [samples[begin : begin + size] for begin in range(1, len(samples), size)]
    return [samples[:1], *rest]


def _difference(answer: NDArray[np.float32], true: NDArray[np.float32]) -> tuple[float, float]:
    if answer.shape != true.shape:
        return float("inf"), 1.0
    scale = float(np.abs(true).max(initial=0.0)) or 1.0
    return float(np.abs(answer.astype(np.float64) - true).max(initial=0.0)), scale


def _worse(known: float, found: float) -> float:
    """The larger one; what is not a number stays so."""
    return known if found <= known else found
