"""Response distillation: the student's logits against the teacher's.

The formulas below are on rows ``[batch, classes]``: z are logits, p(z) = softmax(z / T). :func:`rows` makes rows of
the logits of a dense head.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

from distillation.contract.sentence import Refused, Sentence, gettext_noop


def soften(teacher_logits: Tensor, temperature: float) -> Tensor:
    """Turn logits ``[n, classes]`` into probabilities at a temperature."""
    return torch.softmax(teacher_logits / temperature, dim=1)


def soft_loss(logits: Tensor, teacher_probabilities: Tensor, temperature: float) -> Tensor:
    """T² · KL(teacher ‖ student), the mean over all samples of the batch; both ``[batch, classes]``.

    ``teacher_probabilities`` are softened at the same temperature. T² keeps the gradient's size independent of T
    (Hinton, Vinyals, Dean 2015, arXiv:1503.02531).
    """
    student = F.log_softmax(logits / temperature, dim=1)
    return F.kl_div(student, teacher_probabilities, reduction="batchmean") * temperature**2


def soft_cross_entropy(logits: Tensor, teacher_probabilities: Tensor, temperature: float) -> Tensor:
    """T² · (−Σ p(z_teacher) · log p(z_student)), the mean over all samples of the batch.

    Larger than :func:`soft_loss` by T² times the teacher's entropy, so never 0; its gradient is the same.
    """
    return F.cross_entropy(logits / temperature, teacher_probabilities) * temperature**2


def logit_mse(logits: Tensor, teacher_logits: Tensor, _temperature: float = 1.0) -> Tensor:
    """(z_student − z_teacher)², the mean over samples **and classes**; a temperature has no meaning.

    Ba, Caruana 2014, arXiv:1312.6184. Twice the limit of :func:`soft_loss` at high T where
    the logits of a sample have mean 0.
    """
    return F.mse_loss(logits, teacher_logits)


def logit_cosine(logits: Tensor, teacher_logits: Tensor, _temperature: float = 1.0) -> Tensor:
    """1 − cos(z_student, z_teacher), the mean over all samples: between 0 and 2; a temperature cancels out."""
    return 1.0 - F.cosine_similarity(logits, teacher_logits, dim=1).mean()


def _as_it_is(teacher_logits: Tensor, _temperature: float) -> Tensor:
    return teacher_logits


@dataclass(frozen=True, slots=True)
class Comparison:
    """One ``distillLossType``, in two parts, so that what depends on the teacher alone is computed once."""

    prepare: Callable[[Tensor, float], Tensor]
    """From the teacher's logits and T to what is kept for the whole run."""
    compare: Callable[[Tensor, Tensor, float], Tensor]
    """From the student's logits, what was kept, and T to a scalar."""


COMPARISONS: dict[str, Comparison] = {
    "kl_div": Comparison(soften, soft_loss),
    "mse": Comparison(_as_it_is, logit_mse),
    "cosine": Comparison(_as_it_is, logit_cosine),
    "cross_entropy": Comparison(soften, soft_cross_entropy),
}


def comparison(name: str) -> Comparison:
    """Look up a ``distillLossType``. Raises Refused for a name that there is not."""
    if name not in COMPARISONS:
        raise Refused(
            Sentence(
                gettext_noop("There is no distillation loss {name}; available: {names}."),
                {"name": name, "names": ", ".join(COMPARISONS)},
            )
        )
    return COMPARISONS[name]


def rows(logits: Tensor) -> Tensor:
    """Make rows ``[n, classes]`` of ``[batch, classes]``, or of ``[batch, classes, H, W]``: each pixel is a sample."""
    return logits if logits.dim() == 2 else logits.movedim(1, -1).flatten(0, -2)
