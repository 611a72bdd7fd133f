"""Feature distillation: what the student's layers hold against what the teacher's do.

Student and teacher come in equal shapes, matched by ``projectors``, except for attention transfer, which needs no
equal channels. All losses are computed in float32, whatever precision the networks run in; call them outside of
autocast.
"""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

CWD_TEMPERATURE = 4.0
"""The higher, the more the whole map counts; the lower, the more its peaks."""


def feature_mse(student: Tensor, teacher: Tensor) -> Tensor:
    """(student − teacher)², the mean over **all** elements: FitNets (Romero et al. 2014, arXiv:1412.6550)."""
    return F.mse_loss(student.float(), teacher.float())


def feature_cosine(student: Tensor, teacher: Tensor) -> Tensor:
    """1 − cosine along the channels, the mean over samples and places: between 0 and 2.

    Maps ``[B, C, H, W]``, tokens ``[B, N, C]`` or vectors ``[B, C]``.
    """
    channels = 1 if student.dim() == 4 else -1
    return 1.0 - F.cosine_similarity(student.float(), teacher.float(), dim=channels).mean()


def channel_wise(student: Tensor, teacher: Tensor, temperature: float = CWD_TEMPERATURE) -> Tensor:
    """CWD: T² · KL(teacher ‖ student) of each channel's softmax over places, the mean over samples and channels.

    Maps ``[B, C, H, W]``; also the logit maps of a dense head. Shu et al. 2021, arXiv:2011.13256.
    """
    places = F.log_softmax(student.float().flatten(2).flatten(0, 1) / temperature, dim=1)
    wanted = F.log_softmax(teacher.float().flatten(2).flatten(0, 1) / temperature, dim=1)
    return F.kl_div(places, wanted, reduction="batchmean", log_target=True) * temperature**2


def attention_transfer(student: Tensor, teacher: Tensor) -> Tensor:
    """AT: squared distance of the unit-length maps Σ_c |feature|², the mean over samples and places.

    Maps ``[B, C, H, W]`` of the same height and width; the numbers of channels may differ. Zagoruyko, Komodakis 2017,
    arXiv:1612.03928 (their code's mean of squares, which the published weights β = 1000 belong to).
    """
    return (_attention(student) - _attention(teacher)).square().mean()


def _attention(features: Tensor) -> Tensor:
    return F.normalize(features.float().square().mean(dim=1).flatten(1), dim=1)
