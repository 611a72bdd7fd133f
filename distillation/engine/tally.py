"""Running sums of an epoch. The hot path only appends to a list; sums are taken every few dozen batches.

Adding up on every step would cost 5-10 % of a small student's step, and on a GPU a synchronisation.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.engine.batches import Batch

PENDING = 64
"""Batches that are gathered before their sums are taken."""


@dataclass(slots=True)
class Sums:
    """Sums over samples; soft and hard are the unweighted terms of the loss."""

    samples: int = 0
    labelled: int = 0
    soft: float = 0.0
    hard: float = 0.0
    correct: int = 0


class Tally:
    """Sums of the current epoch and since the last step event."""

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        self.epoch = Sums(**state) if state else Sums()
        self.recent = Sums()
        self._pending: list[tuple[Tensor | None, Tensor, Tensor, Tensor, int]] = []

    def add(self, soft: Tensor | None, hard: Tensor, logits: Tensor, batch: Batch) -> bool:
        """Note a batch (scalars and ``[batch, classes]``, detached); True when it is time for :meth:`fold`.

        Keeps no picture: those of dozens of batches would fill the memory.
        """
        self._pending.append((soft, hard, logits, batch.labels, batch.labelled))
        return len(self._pending) >= PENDING

    def fold(self, step: int) -> None:
        """Add what is pending to the sums. Raises Refused when a loss is not finite.

        Batch by batch in double precision, so that the sums do not depend on when they are taken.
        """
        if not self._pending:
            return
        soft, hard, logits, labels, labelled = zip(*self._pending, strict=True)
        self._pending = []
        softs = torch.stack(soft).tolist() if soft[0] is not None else [0.0] * len(hard)
        hards = torch.stack(hard).tolist()
        if not all(map(math.isfinite, (*softs, *hards))):
            raise _not_finite(step)
        correct = int((torch.cat(logits).argmax(dim=1) == torch.cat(labels)).sum())
        for sums in (self.epoch, self.recent):
            sums.correct += correct
            for soft_value, hard_value, of_batch, known in zip(softs, hards, labels, labelled, strict=True):
                sums.samples += len(of_batch)
                sums.labelled += known
                sums.soft += soft_value * len(of_batch)
                sums.hard += hard_value * known

    def state(self) -> dict[str, Any]:
        """The epoch's sums for a checkpoint; call :meth:`fold` first."""
        return asdict(self.epoch)


def _not_finite(step: int) -> Refused:
    return Refused(
        Sentence(
            gettext_noop(
                "The loss is no longer a finite number (noticed at step {step}). Choose a lower learning rate, or "
                "limit the gradient with maxGradNorm."
            ),
            {"step": step},
        )
    )
