"""Response distillation of detectors: the student's classes and boxes against the teacher's, anchor by anchor.

Both answer at the same anchors. Almost all of them show background, where there is little to learn; so each counts by
how sure the teacher is that an object is there, as in feature-richness distillation (Du et al. 2021, "Distilling
object detectors with feature richness", arXiv:2111.00674).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

from distillation.engine.detection.outputs import REG_MAX, Detections

_LEAST_TOTAL = 1.0
"""One object's worth of confidence: a batch in which the teacher sees less is not made louder."""


class ResponseTerms(NamedTuple):
    """The unweighted terms of one batch; scalars with a graph in the student, 0 where the teacher sees nothing."""

    classes: Tensor
    boxes: Tensor
    over: Tensor
    """Σ w, without a graph."""


def response_loss(
    teacher: Detections, student: Detections, temperature: float, columns: Sequence[int] | None = None
) -> ResponseTerms:
    """Compare a student's answers with a teacher's; no gradient goes to the teacher.

    With the teacher's confidence w = max_c σ(z_c) of each anchor and W = max(1, Σ w) over the batch:

    - classes: T² / W · Σ_anchors w · Σ_c KL(σ(z_c / T) ‖ σ(z'_c / T)), each class a choice of two, as each has a
      sigmoid of its own
    - boxes: T² / W · Σ_anchors w · mean over four sides of KL(softmax(d / T) ‖ softmax(d' / T)) over the bins: LD
      (Zheng et al. 2022, "Localization distillation", arXiv:2102.12252)

    ``columns`` names the teacher's class for each class of the student; None where they are the same. Classes that
    only the teacher knows have no part, in the confidence neither. Computed in float32.
    """
    wanted = teacher.classes.detach().float()
    if columns is not None:
        wanted = wanted[..., list(columns)]
    confidence = wanted.amax(dim=-1).sigmoid()
    over = confidence.sum()
    scale = temperature**2 / over.clamp(min=_LEAST_TOTAL)
    classes = _binary_divergence(wanted / temperature, student.classes.float() / temperature).sum(dim=-1)
    boxes = _bin_divergence(teacher.boxes.detach().float() / temperature, student.boxes.float() / temperature)
    return ResponseTerms((confidence * classes).sum() * scale, (confidence * boxes).sum() * scale, over)


def _binary_divergence(teacher: Tensor, student: Tensor) -> Tensor:
    """KL(σ(t) ‖ σ(s)) = softplus(s) − softplus(t) − σ(t) · (s − t): no logarithm of a probability that is 0."""
    return F.softplus(student) - F.softplus(teacher) - teacher.sigmoid() * (student - teacher)


def _bin_divergence(teacher: Tensor, student: Tensor) -> Tensor:
    """``[batch, A]``: the mean over four sides of the divergence over the bins."""
    wanted = teacher.unflatten(-1, (4, REG_MAX)).log_softmax(dim=-1)
    answered = student.unflatten(-1, (4, REG_MAX)).log_softmax(dim=-1)
    return F.kl_div(answered, wanted, reduction="none", log_target=True).sum(dim=-1).mean(dim=-1)
