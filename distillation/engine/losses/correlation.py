"""DIST: keep the teacher's order, not its exact probabilities (Huang et al. 2022, arXiv:2205.10536)."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

BETA, GAMMA = 1.0, 1.0
"""Weights of inter- and intra-class relations; the paper's for ImageNet at T = 1. For CIFAR-100: 2, 2 at T = 4."""


def correlation(
    logits: Tensor, teacher_logits: Tensor, temperature: float = 1.0, *, beta: float = BETA, gamma: float = GAMMA
) -> Tensor:
    """T² · (beta · inter + gamma · intra) on softmax(z / T), both ``[batch, classes]``.

    inter: the mean over samples of 1 − Pearson's correlation over the classes; intra: the mean over classes of
    1 − Pearson's correlation over the samples, which needs two samples at least.
    """
    student = torch.softmax(logits / temperature, dim=1)
    teacher = torch.softmax(teacher_logits / temperature, dim=1)
    inter, intra = _distance(student, teacher), _distance(student.t(), teacher.t())
    return (beta * inter + gamma * intra) * temperature**2


def _distance(first: Tensor, second: Tensor) -> Tensor:
    first = first - first.mean(dim=1, keepdim=True)
    second = second - second.mean(dim=1, keepdim=True)
    return 1.0 - F.cosine_similarity(first, second, dim=1, eps=1e-8).mean()
