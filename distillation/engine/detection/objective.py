"""The loss of a detector: labelled objects, and a teacher's answers anchor by anchor, its features, or its boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from distillation.contract.spec import LossSpec
from distillation.engine.augmentation.labelled import Labelled
from distillation.engine.batches import Batch
from distillation.engine.detection.loss import CLASS_GAIN, DFL_GAIN, detection_loss
from distillation.engine.detection.outputs import Detections
from distillation.engine.detection.response import response_loss
from distillation.engine.detection.targets import Targets, moved, padded
from distillation.engine.feature_pairs import FeaturePairs
from distillation.engine.objective import Forward, Terms

LEVELS = ("P3", "P4", "P5")


class Marked(NamedTuple):
    """What is known of the objects of a batch."""

    objects: Targets
    """What people have marked."""
    guesses: Targets | None
    """What a teacher has found in every picture, with its scores; None where no teacher answers in boxes."""


class DetectionObjective:
    """Loss of labels; with ``weights`` also of the teacher's classes and boxes, with ``pairs`` of its neck's maps.

    A teacher that answers in boxes teaches by pseudo-labels: the loss of labels against its boxes, in labelled and
    unlabelled pictures alike, the answer wanted for a class scaled by its score (as Unbiased Teacher, Liu et al.
    2021, arXiv:2102.09480, with the score instead of a hard 1).
    """

    def __init__(self, weights: LossSpec | None, pairs: FeaturePairs | None) -> None:
        self.weights, self.trained = weights, pairs

    def terms(self, model: Forward, batch: Batch) -> Terms:
        """Compare one batch; the teacher's terms are weighted among themselves as those of the labels."""
        found: Detections = model(batch.inputs)
        marked: Marked = batch.labels
        known = detection_loss(found, moved(marked.objects, batch.inputs.device))
        hard = known.total()
        if self.weights is not None and marked.guesses is not None:
            guessed = detection_loss(found, moved(marked.guesses, batch.inputs.device))
            return Terms(hard, guessed.total(), hard_over=known.over, soft_over=guessed.over)
        if self.weights is None or batch.teacher is None:
            return Terms(hard, None, hard_over=known.over)
        soft = over = None
        if self.weights.soft:
            response = response_loss(answers(batch.teacher), found, self.weights.temperature)
            soft, over = CLASS_GAIN * response.classes + DFL_GAIN * response.boxes, response.over
        feature = self._feature(found, batch.teacher)
        return Terms(hard, soft, feature, hard_over=known.over, soft_over=over)

    def _feature(self, found: Detections, kept: Mapping[str, Tensor]) -> Tensor | None:
        return None if self.trained is None else self.trained.compare(levels(found), kept)


def levels(found: Detections) -> dict[str, Tensor]:
    """The neck's maps by name."""
    return dict(zip(LEVELS, found.features, strict=True))


def named(found: Detections) -> dict[str, Tensor]:
    """What is kept of a teacher's answers."""
    return {"classes": found.classes, "boxes": found.boxes}


def answers(kept: Mapping[str, Tensor]) -> Detections:
    """A teacher's classes and boxes from what is kept of them."""
    return Detections(kept["classes"], kept["boxes"], ())


def collate(views: Sequence[Labelled]) -> tuple[Marked, int]:
    """Targets of a batch of views; those without boxes are unlabelled and have no part in the labels' loss."""
    known = torch.tensor([view.boxes is not None for view in views])
    none = torch.zeros(0, dtype=torch.int64), torch.zeros((0, 4))
    parts = [
        none
        if view.boxes is None or view.labels is None
        else (torch.from_numpy(view.labels), torch.from_numpy(view.boxes))
        for view in views
    ]
    targets = padded([labels for labels, _ in parts], [boxes for _, boxes in parts])
    return Marked(targets._replace(labelled=known), _guessed(views)), int(known.sum())


def _guessed(views: Sequence[Labelled]) -> Targets | None:
    guesses = [view.guesses for view in views if view.guesses is not None]
    if len(guesses) < len(views):
        return None
    return padded(
        [torch.from_numpy(one.labels) for one in guesses],
        [torch.from_numpy(one.boxes) for one in guesses],
        [torch.from_numpy(one.scores) for one in guesses],
    )
