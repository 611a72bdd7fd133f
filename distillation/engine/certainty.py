"""How sure a classifier is, and whether it is right that often: confidence, rank of the truth, calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

BINS = 15
"""As in Guo et al. 2017, arXiv:1706.04599."""
FIRST = 5
"""Classes that count for the top-5 accuracy, which says something only where there are more."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """What a classifier answers for ``n`` samples, without the logits, of which there may be thousands each."""

    predicted: NDArray[np.int64]
    """The likeliest class ``[n]``."""
    confidence: NDArray[np.float64]
    """Its probability ``[n]``."""
    rank: NDArray[np.int64]
    """How many classes are thought likelier than the true one ``[n]``."""
    classes: int

    def figures(self) -> dict[str, Any]:
        """Top-5 accuracy where there are more classes, calibration error and reliability; in percent."""
        right = self.rank == 0
        figures: dict[str, Any] = {"top5": 100.0 * float((self.rank < FIRST).mean())} if self.classes > FIRST else {}
        return figures | calibration(self.confidence, right)


def ranked(logits: Tensor, labels: Tensor) -> Ranked:
    """From logits ``[n, classes]`` and the true classes, int64 ``[n]``, of the same device."""
    confidence, predicted = logits.double().softmax(dim=1).max(dim=1)
    true = logits.gather(1, labels[:, None])
    # Of equal logits the first is the prediction, so a tie with it is no success.
    rank = torch.where(predicted == labels, 0, logits.shape[1] - 1 - (logits < true).sum(dim=1))
    sure = confidence.nan_to_num(0.0)
    return Ranked(predicted.cpu().numpy(), sure.cpu().numpy(), rank.cpu().numpy(), logits.shape[1])


def predicted(logits: Tensor, labels: Tensor) -> Ranked:
    """As :func:`ranked`, but only the prediction and whether it is right; confidence 0, rank 0 or 1."""
    likeliest = logits.argmax(dim=1)
    wrong = (likeliest != labels).to(torch.int64)
    return Ranked(likeliest.cpu().numpy(), np.zeros(len(labels)), wrong.cpu().numpy(), logits.shape[1])


def joined(parts: list[Ranked]) -> Ranked:
    """Batches, at least one, as one."""
    return Ranked(
        np.concatenate([part.predicted for part in parts]),
        np.concatenate([part.confidence for part in parts]),
        np.concatenate([part.rank for part in parts]),
        parts[0].classes,
    )


def calibration(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> dict[str, Any]:
    """Expected calibration error and the bins of a reliability diagram, in percent; empty bins are left out.

    ECE = Σ n_b / n · |accuracy_b − confidence_b| over bins (from, to] of equal width (Naeini et al. 2015).
    """
    places = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    bins, error = [], 0.0
    for place in range(BINS):
        inside = places == place
        count = int(inside.sum())
        if count:
            accuracy, sureness = float(right[inside].mean()), float(confidence[inside].mean())
            error += count / len(right) * abs(accuracy - sureness)
            edges = {"from": 100.0 * place / BINS, "to": 100.0 * (place + 1) / BINS}
            bins.append({**edges, "count": count, "accuracy": 100.0 * accuracy, "confidence": 100.0 * sureness})
    return {"calibration_error": 100.0 * error, "reliability": bins}
