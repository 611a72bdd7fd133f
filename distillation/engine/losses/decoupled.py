"""DKD: decoupled knowledge distillation (Zhao et al. 2022, arXiv:2203.08679)."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

from distillation.engine.losses.labels import IGNORED

ALPHA, BETA = 1.0, 8.0
"""Weights of the target and of the other classes: the paper's for ResNets on CIFAR-100; for ImageNet β is 0.5."""

WARM_UP_EPOCHS = 20
"""As for CIFAR-100 in the paper, where 240 epochs are trained: a twelfth of the run."""


def decoupled(
    logits: Tensor,
    teacher_logits: Tensor,
    labels: Tensor,
    temperature: float,
    *,
    alpha: float = ALPHA,
    beta: float = BETA,
) -> Tensor:
    """T² · (alpha · TCKD + beta · NCKD), the mean over all samples; logits ``[batch, classes]``, labels ``[batch]``.

    TCKD = KL of (target, all others); NCKD = KL over the other classes, renormalised. With alpha = 1 and beta =
    1 − p_teacher(target) it would be plain KD. The target of an unlabelled sample (IGNORED) is the teacher's first
    choice, which the paper does not need: it has labels for all.
    """
    target = torch.where(labels == IGNORED, teacher_logits.argmax(dim=1), labels).unsqueeze(1)
    student, student_others = _split(logits / temperature, target)
    teacher, teacher_others = _split(teacher_logits / temperature, target)
    of_target = F.kl_div(student, teacher, reduction="batchmean", log_target=True)
    of_others = F.kl_div(student_others, teacher_others, reduction="batchmean", log_target=True)
    return (alpha * of_target + beta * of_others) * temperature**2


def warm_up(epoch: int, epochs: int = WARM_UP_EPOCHS) -> float:
    """The factor of the loss in epoch ``epoch`` (from 0): linear from 1/epochs to 1, as beta is large at first."""
    return min(1.0, (epoch + 1) / epochs) if epochs else 1.0


def _split(scaled: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Log probabilities of (target, not target) ``[batch, 2]``, and within the others ``[batch, classes − 1]``."""
    chosen = scaled.gather(1, target)
    others = scaled[torch.ones_like(scaled, dtype=torch.bool).scatter_(1, target, False)].view(len(scaled), -1)
    pair = torch.cat([chosen, others.logsumexp(dim=1, keepdim=True)], dim=1)
    return F.log_softmax(pair, dim=1), F.log_softmax(others, dim=1)
