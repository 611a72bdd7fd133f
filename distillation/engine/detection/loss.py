"""What a detector's answers cost against labelled objects.

Classes by binary cross entropy, boxes by CIoU and by the distribution focal loss of their sides; only anchors that
were assigned to an object are asked for a box.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

from distillation.engine.detection import anchors as places
from distillation.engine.detection import assignment
from distillation.engine.detection import boxes as geometry
from distillation.engine.detection.anchors import Anchors
from distillation.engine.detection.assignment import Assignment
from distillation.engine.detection.outputs import REG_MAX, Detections
from distillation.engine.detection.targets import Targets

BOX_GAIN, CLASS_GAIN, DFL_GAIN = 7.5, 0.5, 1.5
"""Weights of the terms, as published with YOLOv8."""


class DetectionTerms(NamedTuple):
    """The unweighted terms of one batch; scalars with a graph, 0 where no object asks for them."""

    classes: Tensor
    boxes: Tensor
    dfl: Tensor
    over: Tensor
    """Σ t, without a graph."""

    def total(self) -> Tensor:
        """The weighted sum."""
        return CLASS_GAIN * self.classes + BOX_GAIN * self.boxes + DFL_GAIN * self.dfl


def detection_loss(outputs: Detections, targets: Targets) -> DetectionTerms:
    """Compare answers with labelled objects; each term is divided by S = max(1, Σ t).

    t are the assignment's scores (:mod:`.assignment`), T the same with 0 for every other anchor and class.

    - classes: Σ BCE(σ(z), T) over the anchors and classes of the labelled pictures
    - boxes: Σ t · (1 − CIoU) over assigned anchors
    - dfl: Σ t · mean over four sides of −((b + 1 − y) · log p_b + (y − b) · log p_{b+1}), where y is the distance in
      strides and b = ⌊y⌋ (Li et al. 2020, arXiv:2006.04388)

    Computed in float32 whatever precision the network runs in.
    """
    points = places.of(outputs.boxes)
    with torch.no_grad():
        predicted = geometry.from_distances(*points, geometry.distances(outputs.boxes))
    assigned = assignment.assign(outputs.classes, predicted, targets, points)
    over = assigned.scores.sum()
    total = over.clamp(min=1)
    boxes, dfl = _box_terms(outputs.boxes, targets, points, assigned)
    return DetectionTerms(_class_term(outputs.classes, targets, assigned) / total, boxes / total, dfl / total, over)


def _class_term(classes: Tensor, targets: Targets, assigned: Assignment) -> Tensor:
    """Σ BCE, written as Σ softplus(z) − Σ T · z: a dense T would be as large as the answers and almost all zeros."""
    labels = targets.labels[assigned.pictures, assigned.objects]
    wanted = classes[assigned.pictures, assigned.anchors, labels].float()
    taking_part = classes if targets.labelled is None else classes[targets.labelled]
    return F.softplus(taking_part.float()).sum() - (wanted * assigned.scores).sum()


def _box_terms(logits: Tensor, targets: Targets, points: Anchors, assigned: Assignment) -> tuple[Tensor, Tensor]:
    asked = logits[assigned.pictures, assigned.anchors].float()
    wanted = targets.boxes[assigned.pictures, assigned.objects]
    around = points.points[assigned.anchors], points.strides[assigned.anchors]
    found = geometry.from_distances(*around, geometry.distances(asked))
    boxes = (1 - geometry.complete_iou(found, wanted)) * assigned.scores
    dfl = _distribution_focal(asked, geometry.to_distances(*around, wanted)) * assigned.scores
    return boxes.sum(), dfl.sum()


def _distribution_focal(logits: Tensor, sides: Tensor) -> Tensor:
    """``[n]`` from ``[n, 4 · REG_MAX]`` and distances ``[n, 4]`` in strides, below REG_MAX − 1."""
    log_shares = logits.unflatten(-1, (4, REG_MAX)).log_softmax(dim=-1)
    below = sides.floor()
    bins = torch.stack((below, below + 1), dim=-1).long()
    weights = torch.stack((below + 1 - sides, sides - below), dim=-1)
    return -(log_shares.gather(-1, bins) * weights).sum(dim=-1).mean(dim=-1)
