"""The table of feature comparisons: what each makes of the student's and the teacher's features of a pair of layers.

A comparison gives one unweighted scalar; the weights between terms are the run's business. Compare outside of
autocast. Which suits which type of task stands in ``contract.feature_losses``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from distillation.engine.losses import feature, relational
from distillation.engine.projectors import Kind, pooled


@dataclass(frozen=True, slots=True)
class Comparison:
    """One row of the table."""

    compare: Callable[[Tensor, Tensor], Tensor]
    """(student's, teacher's) of equal sizes → scalar."""
    projector: Kind | None
    """What the student's features go through; None: they are compared as they are, whatever their width."""
    maps_only: bool = False
    own_projector: bool = False
    """True where the projector is part of the method, so that it cannot be left out."""


def _relational(student: Tensor, teacher: Tensor) -> Tensor:
    return relational.relational(pooled(student), pooled(teacher))


def _probabilistic(student: Tensor, teacher: Tensor) -> Tensor:
    return relational.probabilistic(pooled(student), pooled(teacher))


COMPARISONS: dict[str, Comparison] = {
    "cwd": Comparison(feature.channel_wise, "linear", maps_only=True),
    "mse": Comparison(feature.feature_mse, "linear"),
    "cosine": Comparison(feature.feature_cosine, "linear"),
    "at": Comparison(feature.attention_transfer, "sizes", maps_only=True),
    "mgd": Comparison(feature.feature_mse, "masked", maps_only=True, own_projector=True),
    "rkd": Comparison(_relational, None),
    "sp": Comparison(relational.similarity_preserving, None),
    "pkt": Comparison(_probabilistic, None),
}
"""``rkd`` and ``pkt`` compare the means over places; ``sp`` all of a sample's features."""
