"""A class for every pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from distillation.datasets.samples import IGNORED
from distillation.engine import segmentation
from distillation.engine.augmentation.labelled import Labelled
from distillation.engine.evaluation import Outcome
from distillation.engine.examples.segmented import SegmentedGallery
from distillation.engine.segmentation import MAPS, ClassMaps, SegmentationObjective, SegmentationValidation
from distillation.engine.workloads.dense import DensePictures


class Segmentation(DensePictures):
    """Semantic segmentation; its metric is the mean IoU."""

    def prepare(self) -> None:
        """Decode every picture and its class map once."""
        self.prepare_pictures()
        self.warn_of_unused()
        assert self.pack.class_maps is not None  # noqa: S101 - made for this type of task
        self._maps: ClassMaps = self.pack.class_maps
        self.validation: SegmentationValidation = SegmentationValidation(
            self.pack.pictures, self._maps, self.rows.val, self.classes, self.batch(), self.context.spec.device
        )

    def sample(self, row: int) -> Labelled:
        """A picture with its class map; None for an unlabelled one."""
        labelled = self.data.samples[row].target is not None
        return Labelled(self.pack.pictures[row], class_map=self._maps[row] if labelled else None)

    def collate(self, views: Sequence[Labelled], rows: NDArray[np.int64]) -> tuple[Any, int]:
        """Class maps."""
        return segmentation.collate(views)

    def read(self, outputs: Tensor) -> dict[str, Tensor]:
        """The logit maps."""
        return {MAPS: outputs}

    def features(self, outputs: Tensor) -> dict[str, Tensor]:
        """The logit maps: what CWD compares in a segmenter (Shu et al. 2021)."""
        return {MAPS: outputs}

    def goal(self, model: nn.Module, *, seed: int, with_teacher: bool) -> SegmentationObjective:
        """Labels; with a teacher its logit maps."""
        weights = self.context.spec.loss if with_teacher else None
        return SegmentationObjective(weights, self.pairs(model, seed=seed, with_teacher=with_teacher))

    def figures(self, outcome: Outcome) -> dict[str, Any]:
        """Those of the validation."""
        figures: dict[str, Any] = outcome.answers
        return figures

    def gallery(self) -> SegmentedGallery:
        """Pictures under the classes of their pixels."""
        return SegmentedGallery(self.material(), self._maps, self.pack.sizes)

    def describe(self) -> dict[str, Any]:
        """What a pixel that belongs to nobody is called."""
        return {"ignored": IGNORED}
