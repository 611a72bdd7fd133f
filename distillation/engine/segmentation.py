"""Every pixel's class: loss of labels and of a teacher's maps, and figures on held-out pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from numpy.typing import NDArray
from torch import Tensor, nn

from distillation.contract.spec import LossSpec
from distillation.datasets.samples import IGNORED
from distillation.engine import metrics, students
from distillation.engine.augmentation.labelled import Labelled
from distillation.engine.batches import Batch
from distillation.engine.evaluation import Outcome
from distillation.engine.feature_pairs import FeaturePairs
from distillation.engine.objective import Forward, Terms
from distillation.engine.stopping import StopRequest

MAPS = "logits"


class SegmentationObjective:
    """Cross entropy of the pixels that are known; T² · KL of every pixel's softened classes to the teacher's."""

    def __init__(self, weights: LossSpec | None, pairs: FeaturePairs | None) -> None:
        """``pairs`` compares the logit maps, or layers that the spec names."""
        self.weights, self.trained = weights, pairs

    def terms(self, model: Forward, batch: Batch) -> Terms:
        """Map ``[batch, channels, size, size]`` to ``[batch, classes, size, size]`` and compare."""
        logits = model(batch.inputs)
        drawn: Targets | None = batch.labels if isinstance(batch.labels, Targets) else None
        maps = batch.labels if drawn is None else drawn.maps
        hard = logits.sum() * 0.0
        if batch.labelled:
            hard = _pixels(logits, maps.to(logits.device), "mean")
        known = (maps != IGNORED).sum()
        if self.weights is not None and drawn is not None:
            over = (drawn.classes != IGNORED).sum()
            return Terms(hard, soft_masks(logits, drawn, self.weights.temperature), hard_over=known, soft_over=over)
        if self.weights is None or batch.teacher is None:
            return Terms(hard, None, hard_over=known)
        wanted = batch.teacher[MAPS]
        soft = soft_pixels(logits, wanted, self.weights.temperature) if self.weights.soft else None
        feature = self.trained.compare({MAPS: logits}, batch.teacher) if self.trained is not None else None
        return Terms(hard, soft, feature, hard_over=known)


def soft_pixels(logits: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """T² · KL(teacher ‖ student at temperature T) of each pixel, the mean over pixels and pictures (Hinton 2015)."""
    student = F.log_softmax(logits / temperature, dim=1)
    wanted = F.log_softmax(teacher / temperature, dim=1)
    divergence = F.kl_div(student, wanted, reduction="none", log_target=True).sum(dim=1)
    return divergence.mean() * temperature**2


class Targets(NamedTuple):
    """What is known of a batch of which a teacher drew the masks."""

    maps: Tensor
    """int64 ``[batch, size, size]``: as of :func:`collate`."""
    classes: Tensor
    """int64 ``[batch, size, size]``: the likeliest object's, IGNORED where nobody knows."""
    logits: Tensor
    """float32 ``[batch, size, size]``: how sure the teacher is of it, against the background."""


def soft_masks(logits: Tensor, drawn: Targets, temperature: float) -> Tensor:
    """T² · KL(teacher ‖ student at temperature T), the mean over the pixels that the teacher knows; 0 without any.

    The teacher's logits are those of two classes: its own for the object's, 0 for the background.
    """
    classes, sure = drawn.classes.to(logits.device), drawn.logits.to(logits.device) / temperature
    known = classes != IGNORED
    student = F.log_softmax(logits / temperature, dim=1)
    thing = student.gather(1, classes.where(known, 0)[:, None])[:, 0]
    wanted = sure.sigmoid()
    divergence = wanted * (F.logsigmoid(sure) - thing) + (1 - wanted) * (F.logsigmoid(-sure) - student[:, 0])
    return divergence.where(known, 0.0).sum() / known.sum().clamp(min=1) * temperature**2


def collate_drawn(views: Sequence[Labelled]) -> tuple[Targets, int]:
    """Class maps, and what a teacher drew into the boxes of every picture."""
    maps, labelled = collate(views)
    drawn = [view.drawn for view in views if view.drawn is not None]
    classes = torch.from_numpy(np.stack([one.classes for one in drawn])).long()
    return Targets(maps, classes, torch.from_numpy(np.stack([one.logits for one in drawn]))), labelled


def collate(views: Sequence[Labelled]) -> tuple[Any, int]:
    """Class maps ``[batch, size, size]``, int64; an unlabelled picture is IGNORED everywhere."""
    size = views[0].picture.shape[-1]
    unknown = np.full((size, size), IGNORED, np.uint8)
    maps = np.stack([unknown if view.class_map is None else view.class_map for view in views])
    return torch.from_numpy(maps).long(), sum(view.class_map is not None for view in views)


def _pixels(logits: Tensor, labels: Tensor, reduction: str) -> Tensor:
    """Cross entropy over the pixels that are known, 0 where there are none."""
    if not bool((labels != IGNORED).any()):
        return logits.sum() * 0.0
    return F.cross_entropy(logits, labels, ignore_index=IGNORED, reduction=reduction)


class ClassMaps(Protocol):
    """Class maps by row, wherever they come from."""

    def __getitem__(self, rows: Any, /) -> NDArray[np.uint8]:
        """``[size, size]`` of one row, ``[n, size, size]`` of several."""


@dataclass(frozen=True, slots=True)
class SegmentationValidation:
    """Held-out pictures with their class maps."""

    pictures: NDArray[np.uint8]
    """The pack, ``[rows, channels, size, size]``."""
    maps: ClassMaps
    rows: NDArray[np.int64]
    classes: tuple[str, ...]
    batch: int
    device: str
    tolerance: float = 0.01
    """Percent: a convolution may round otherwise the next time."""

    @property
    def count(self) -> int:
        """Number of pictures."""
        return len(self.rows)

    def inputs(self, count: int) -> Tensor:
        """The first ``count`` inputs."""
        return self._inputs(0, count)

    def __call__(self, model: nn.Module, stop: StopRequest) -> Outcome:
        """Cross entropy of a pixel, and the mean IoU; answers are the figures."""
        model.eval()
        kinds = len(self.classes)
        confusion = np.zeros((kinds, kinds), np.int64)
        loss, pixels = 0.0, 0
        with torch.inference_mode():
            for begin in range(0, self.count, self.batch):
                stop.check()
                rows = self.rows[begin : begin + self.batch]
                logits = model(self._inputs(begin, begin + len(rows)))
                truth = self.maps[rows]
                known = truth != IGNORED
                loss += float(_pixels(logits, torch.from_numpy(truth).long().to(self.device), "sum"))
                pixels += int(known.sum())
                predicted = logits.argmax(dim=1).cpu().numpy()
                confusion += metrics.confusion_matrix(truth[known].astype(np.int64), predicted[known], kinds)
        figures = segmentation_figures(confusion, self.classes) | {"sample_count": self.count}
        return Outcome(loss / max(1, pixels), figures["accuracy"], figures["accuracy"], figures)

    def _inputs(self, begin: int, end: int) -> Tensor:
        return students.normalise(torch.from_numpy(self.pictures[self.rows[begin:end]]).to(self.device))


def segmentation_figures(confusion: NDArray[np.int64], classes: tuple[str, ...]) -> dict[str, Any]:
    """IoU and Dice by class and their means over the classes that occur, in percent; ``accuracy`` is the mean IoU.

    ``confusion``: pixels, the true class in rows. Precision, recall and F1 are macro averages over all classes.
    """
    hits = np.diag(confusion).astype(np.float64)
    either = confusion.sum(axis=0) + confusion.sum(axis=1) - hits
    occurs = either > 0
    iou = np.divide(hits, either, out=np.full_like(hits, np.nan), where=occurs)
    dice = 2 * iou / (1 + iou)
    figures = metrics.figures(confusion, classes)
    for row, one_iou, one_dice in zip(figures["per_class"], iou, dice, strict=True):
        row["iou"] = None if np.isnan(one_iou) else 100.0 * float(one_iou)
        row["dice"] = None if np.isnan(one_dice) else 100.0 * float(one_dice)
    return figures | {
        "pixel_accuracy": figures["accuracy"],
        "accuracy": 100.0 * float(np.nanmean(iou)) if occurs.any() else 0.0,
        "dice": 100.0 * float(np.nanmean(dice)) if occurs.any() else 0.0,
    }
