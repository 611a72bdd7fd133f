"""How well a model does on held-out samples: what a kind of task provides, and how it is done for classifiers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from distillation.engine import certainty
from distillation.engine.batches import RowStore
from distillation.engine.certainty import Ranked
from distillation.engine.stopping import StopRequest

FLOATS_PER_BATCH = 400_000
LARGEST_BATCH = 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a model answers on held-out samples."""

    loss: float | None
    """The mean of the hard loss over all samples; None where it is not taken."""
    accuracy: float
    """The metric of the kind of task, in percent."""
    proof: float
    """A figure that the same weights give again, within ``Validation.tolerance``."""
    answers: Any
    """What the figures of the evaluation are made from; on the CPU."""


class Validation(Protocol):
    """Held-out samples."""

    @property
    def count(self) -> int:
        """Number of samples."""

    @property
    def tolerance(self) -> float:
        """How far the proof of a model that was saved and loaded may differ."""

    def __call__(self, model: nn.Module, stop: StopRequest) -> Outcome:
        """Answer for every sample; the model is left in evaluation mode. Raises Stopped between batches."""

    def inputs(self, count: int) -> Tensor:
        """The first ``count`` inputs, for a measurement of speed."""


@dataclass(frozen=True, slots=True)
class ClassifierValidation:
    """Held-out pictures or sequences with their labels."""

    samples: RowStore
    labels: Tensor
    """int64 ``[n]``, on the same device."""
    batch: int
    """Samples of one forward pass."""
    tolerance: float = 0.0
    certain: bool = True
    """Whether the answers say how sure they are; after each epoch only right and wrong are needed, which is cheaper."""

    @property
    def count(self) -> int:
        """Number of samples."""
        return self.samples.count

    def inputs(self, count: int) -> Tensor:
        """The first ``count`` inputs."""
        return self.samples.between(0, count)

    def __call__(self, model: nn.Module, stop: StopRequest) -> Outcome:
        """Top-1 accuracy and cross entropy; answers are :class:`certainty.Ranked`."""
        model.eval()
        ranked = certainty.ranked if self.certain else certainty.predicted
        loss = torch.zeros((), dtype=torch.float64, device=self.labels.device)
        parts: list[Ranked] = []
        with torch.inference_mode():
            for begin in range(0, self.count, self.batch):
                stop.check()
                end = min(begin + self.batch, self.count)
                logits = model(self.samples.between(begin, end))
                loss += F.cross_entropy(logits, self.labels[begin:end], reduction="sum")
                parts.append(ranked(logits, self.labels[begin:end]))
        answers = certainty.joined(parts)
        correct = int((answers.rank == 0).sum())
        return Outcome(float(loss) / self.count, 100.0 * correct / self.count, correct, answers)


def batch_size(training_batch: int, floats_per_picture: int) -> int:
    """Pictures of one forward pass without gradients: at least the training batch, more for small pictures."""
    return max(training_batch, min(LARGEST_BATCH, FLOATS_PER_BATCH // floats_per_picture))
