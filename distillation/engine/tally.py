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
from distillation.engine import losses
from distillation.engine.batches import Batch
from distillation.engine.objective import Terms, detached

PENDING = 64
"""Batches that are gathered before their sums are taken."""


@dataclass(slots=True)
class Sums:
    """Sums over samples; soft, feature and hard are the unweighted terms of the loss."""

    samples: int = 0
    labelled: int = 0
    soft: float = 0.0
    feature: float = 0.0
    hard: float = 0.0
    correct: int | None = None
    """Right answers among the labelled samples, where they are counted."""


class Tally:
    """Sums of the current epoch and since the last step event."""

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        self.epoch = Sums(**state) if state else Sums()
        self.recent = Sums()
        self._pending: list[tuple[Terms, Any, int, int]] = []

    def add(self, terms: Terms, batch: Batch) -> bool:
        """Note a batch; True when it is time for :meth:`fold`.

        Keeps no picture and no class map: those of dozens of batches would fill the memory.
        """
        labels = None if terms.answers is None else losses.plain(batch.labels)
        self._pending.append((detached(terms), labels, len(batch.inputs), batch.labelled))
        return len(self._pending) >= PENDING

    def count(self, known: Sums, step: int) -> None:
        """Add a batch of which the sums are known. Raises Refused when a loss is not finite."""
        if not all(map(math.isfinite, (known.soft, known.feature, known.hard))):
            raise _not_finite(step)
        for sums in (self.epoch, self.recent):
            if known.correct is not None:
                sums.correct = (sums.correct or 0) + known.correct
            sums.samples += known.samples
            sums.labelled += known.labelled
            sums.soft += known.soft
            sums.feature += known.feature
            sums.hard += known.hard

    def fold(self, step: int) -> None:
        """Add what is pending to the sums. Raises Refused when a loss is not finite.

        Batch by batch in double precision, so that the sums do not depend on when they are taken.
        """
        if not self._pending:
            return
        terms, labels, samples, labelled = zip(*self._pending, strict=True)
        self._pending = []
        hards = _values([of_batch.hard for of_batch in terms])
        softs = _values([of_batch.soft for of_batch in terms])
        features = _values([of_batch.feature for of_batch in terms])
        if not all(map(math.isfinite, (*softs, *features, *hards))):
            raise _not_finite(step)
        correct = _correct([of_batch.answers for of_batch in terms], labels)
        for sums in (self.epoch, self.recent):
            if correct is not None:
                sums.correct = (sums.correct or 0) + correct
            for soft, feature, hard, of_batch, known in zip(softs, features, hards, samples, labelled, strict=True):
                sums.samples += of_batch
                sums.labelled += known
                sums.soft += soft * of_batch
                sums.feature += feature * of_batch
                sums.hard += hard * known

    def state(self) -> dict[str, Any]:
        """The epoch's sums for a checkpoint; call :meth:`fold` first."""
        return asdict(self.epoch)


def _values(term: list[Tensor | None]) -> list[float]:
    """One transfer from the device for all of them; a term that there is not counts 0."""
    known = [value for value in term if value is not None]
    return torch.stack(known).tolist() if len(known) == len(term) else [0.0] * len(term)


def _correct(answers: list[Tensor | None], labels: Any) -> int | None:
    known = [logits for logits in answers if logits is not None]
    return int((torch.cat(known).argmax(dim=1) == torch.cat(labels)).sum()) if known else None


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
