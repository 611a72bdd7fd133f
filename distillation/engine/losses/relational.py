"""Relational distillation: how the samples of a batch lie to each other, whatever the widths of the two networks.

Each loss compares matrices over the samples of one batch, so it needs two samples at least (RKD's angles three), and
it costs batch² (RKD's angles batch³). All are computed in float32; call them outside of autocast.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

DISTANCE_WEIGHT, ANGLE_WEIGHT = 25.0, 50.0

_TINY = 1e-7


def relational(
    student: Tensor, teacher: Tensor, *, distance: float = DISTANCE_WEIGHT, angle: float = ANGLE_WEIGHT
) -> Tensor:
    """RKD: distance · Huber(distances) + angle · Huber(cosines of angles); vectors ``[B, C]``, ``[B, C']``.

    Distances of pairs are divided by their mean, angles are those of all triples; both are means over all pairs and
    triples, with the Huber loss of delta 1. Park et al. 2019, arXiv:1904.05068.
    """
    student, teacher = student.float(), teacher.float()
    of_pairs = F.smooth_l1_loss(_distances(student), _distances(teacher))
    of_triples = F.smooth_l1_loss(_angles(student), _angles(teacher))
    return distance * of_pairs + angle * of_triples


def similarity_preserving(student: Tensor, teacher: Tensor) -> Tensor:
    """SP: squared distance of the two matrices of inner products, rows of unit length, divided by B².

    Anything ``[B, …]``; a sample's features are one long vector. Tung, Mori 2019, arXiv:1907.09682.
    """
    return F.mse_loss(_similarities(student), _similarities(teacher))


def probabilistic(student: Tensor, teacher: Tensor) -> Tensor:
    """PKT: Σ p · log(p / q) over the pairs, divided by B²; p, q are the rows' shares of (cosine + 1) / 2.

    Vectors ``[B, C]``, ``[B, C']``. Passalis, Tefas 2018, arXiv:1803.10837.
    """
    wanted, given = _probabilities(teacher), _probabilities(student)
    return (wanted * ((wanted + _TINY) / (given + _TINY)).log()).mean()


def _distances(vectors: Tensor) -> Tensor:
    # The exact mode: by matrix products the distance of close vectors is lost, and its gradient with it.
    distances = torch.cdist(vectors, vectors, compute_mode="donot_use_mm_for_euclid_dist")
    # At least one pair, so that a collapsed student gives a number; no boolean indexing, which waits for a GPU.
    return distances * ((distances > 0).sum().clamp(min=1) / distances.sum().clamp(min=_TINY))


def _angles(vectors: Tensor) -> Tensor:
    """Cosine of the angle at each sample between each two others: ``[B, B, B]``."""
    directions = F.normalize(vectors.unsqueeze(0) - vectors.unsqueeze(1), dim=2)
    return torch.bmm(directions, directions.transpose(1, 2))


def _similarities(features: Tensor) -> Tensor:
    flat = features.float().flatten(1)
    return F.normalize(flat @ flat.t(), dim=1)


def _probabilities(vectors: Tensor) -> Tensor:
    unit = F.normalize(vectors.float(), dim=1)
    shares = (unit @ unit.t() + 1.0) / 2.0
    return shares / shares.sum(dim=1, keepdim=True)
