"""Features of the student compared with the teacher's, pair by pair, through projectors that learn beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import LossSpec
from distillation.engine import projectors
from distillation.engine.feature_comparisons import COMPARISONS
from distillation.engine.projectors import Pair, Projectors
from distillation.engine.taps import Taps


class FeaturePairs(nn.Module):
    """The mean over pairs of the comparison that the spec asks for."""

    def __init__(self, pairs: Sequence[Pair], loss: LossSpec, seed: int, taps: Taps | None = None) -> None:
        """``taps`` are on the student's layers where its own outputs do not hold its features. Raises Refused."""
        super().__init__()
        comparison = COMPARISONS[loss.feature_loss]
        self._pairs, self._compare, self._taps = tuple(pairs), comparison.compare, taps
        kind = comparison.projector
        if kind == "linear" and not loss.align:
            _require_equal_widths(pairs)
            kind = "sizes"
        self.projectors: Projectors | None = None
        if kind is not None:
            self.projectors = projectors.build(pairs, seed=seed, kind=kind, maps_only=comparison.maps_only)

    def compare(self, student: Mapping[str, Tensor], teacher: Mapping[str, Tensor]) -> Tensor:
        """Features by name; a scalar with a graph in student and projectors.

        ``student`` counts where there are no taps, and is what its last forward pass gave.
        """
        ours = student if self._taps is None else self._taps.taken()
        ours = {pair.student: ours[pair.student].float() for pair in self._pairs}
        if self.projectors is None:
            matched = [(ours[pair.student], teacher[pair.teacher]) for pair in self._pairs]
        else:
            matched = self.projectors(ours, teacher)
        return torch.stack([self._compare(own, theirs) for own, theirs in matched]).mean()


def _require_equal_widths(pairs: Sequence[Pair]) -> None:
    for pair in pairs:
        if pair.widths[0] != pair.widths[1]:
            raise Refused(
                Sentence(
                    gettext_noop(
                        "The layer {student} of the student has {ours} channels, {teacher} of the teacher {theirs}. "
                        "Without alignFeature only equal numbers can be compared; switch it on."
                    ),
                    {
                        "student": pair.student,
                        "ours": pair.widths[0],
                        "teacher": pair.teacher,
                        "theirs": pair.widths[1],
                    },
                )
            )
