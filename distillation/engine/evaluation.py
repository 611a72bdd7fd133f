"""Run a classifier over held-out pictures."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from distillation.engine.batches import RowStore
from distillation.engine.stopping import StopRequest

FLOATS_PER_BATCH = 400_000
LARGEST_BATCH = 1024


@dataclass(frozen=True, slots=True)
class Validation:
    """Held-out pictures with their labels."""

    pictures: RowStore
    labels: Tensor
    """int64 ``[n]``, on the same device."""
    batch: int
    """Pictures of one forward pass."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a model answers on a :class:`Validation`."""

    loss: float
    """Cross entropy, the mean over all pictures."""
    predicted: Tensor
    """int64 ``[n]``, on the CPU."""
    correct: int

    @property
    def accuracy(self) -> float:
        """Top-1, in percent."""
        return 100.0 * self.correct / len(self.predicted)


def batch_size(training_batch: int, floats_per_picture: int) -> int:
    """Pictures of one forward pass without gradients: at least the training batch, more for small pictures."""
    return max(training_batch, min(LARGEST_BATCH, FLOATS_PER_BATCH // floats_per_picture))


def evaluate(model: nn.Module, validation: Validation, stop: StopRequest) -> Outcome:
    """Predict every picture; the model is left in evaluation mode. Raises Stopped between batches."""
    model.eval()
    count = validation.pictures.count
    loss = torch.zeros((), dtype=torch.float64, device=validation.labels.device)
    predicted = []
    with torch.inference_mode():
        for begin in range(0, count, validation.batch):
            stop.check()
            end = min(begin + validation.batch, count)
            logits = model(validation.pictures.between(begin, end))
            loss += F.cross_entropy(logits, validation.labels[begin:end], reduction="sum")
            predicted.append(logits.argmax(dim=1))
        answers = torch.cat(predicted)
        correct = int((answers == validation.labels).sum())
    return Outcome(float(loss) / count, answers.cpu(), correct)
