"""The proof, on the first batch, that a term of the distillation loss does something."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from distillation.contract.sentence import Refused, Sentence, gettext_noop

NEAREST = 4
"""Trained parameters that are asked first, from the last on."""


def require_teaching(term: Tensor, student: nn.Module, *, features: bool = False) -> None:
    """Prove on the first batch that ``term`` teaches: positive, finite, with a finite gradient in the student.

    ``student`` is the student alone: a gradient that ends in a projector teaches nobody. ``features`` says whether
    features or answers are compared, for the remedy. Uses the batch's own graph and keeps it, so that neither random
    numbers nor running means are disturbed. Raises Refused. A distillation that silently does nothing is the worst
    complaint about such tools.
    """
    value = float(term.detach())
    if math.isfinite(value) and value > 0 and term.requires_grad and _reaches(term, student):
        return
    raise Refused(Sentence(_FEATURES if features else _ANSWERS, {"value": str(value)}))


_ANSWERS = gettext_noop(
    "The distillation loss of the first batch is {value} and moves no weight of the student, so the "
    "teacher would have no effect. Check the teacher's outputs and the temperature."
)
_FEATURES = gettext_noop(
    "The feature loss of the first batch is {value} and moves no weight of the student, so the teacher's features "
    "would have no effect. Compare layers that lie after trained layers of the student and differ from the teacher's."
)


def _reaches(term: Tensor, student: nn.Module) -> bool:
    """Frozen parameters are no aim: autograd refuses them."""
    trained = [parameter for parameter in student.parameters() if parameter.requires_grad]
    # Those nearest the answers are proof enough, and autograd stops there: the whole would cost a second backward pass.
    return any(found and _moves(term, found) for found in (trained[-NEAREST:], trained))


def _moves(term: Tensor, parameters: list[nn.Parameter]) -> bool:
    gradients = torch.autograd.grad(term, parameters, retain_graph=True, allow_unused=True)
    sizes = [float(gradient.detach().abs().sum()) for gradient in gradients if gradient is not None]
    return any(size > 0 for size in sizes) and all(map(math.isfinite, sizes))
