"""mAP of a detector on held-out pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distillation.engine import students
from distillation.engine.detection.decode import FOR_SCORING, Found, decode
from distillation.engine.detection.loss import detection_loss
from distillation.engine.detection.matching import FoundBoxes, TrueBoxes
from distillation.engine.detection.metrics import DetectionMetrics
from distillation.engine.detection.targets import padded
from distillation.engine.evaluation import Outcome
from distillation.engine.stopping import StopRequest


@dataclass(frozen=True, slots=True)
class DetectionValidation:
    """Held-out pictures with their objects, in pixels of the square."""

    pictures: NDArray[np.uint8]
    """The pack, ``[rows, channels, size, size]``."""
    rows: NDArray[np.int64]
    objects: Sequence[TrueBoxes]
    """Of each row."""
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
        """The mean of the labels' loss, and mAP50; answers are the figures."""
        model.eval()
        loss = 0.0

        def find(inputs: Tensor, objects: Sequence[TrueBoxes]) -> list[Found]:
            nonlocal loss
            answers = model(inputs)
            targets = padded(
                [torch.from_numpy(true.labels).to(self.device) for true in objects],
                [torch.from_numpy(true.boxes).to(self.device) for true in objects],
            )
            loss += float(detection_loss(answers, targets).total()) * len(objects)
            return decode(answers, FOR_SCORING)

        figures = self._figures(find, stop)
        return Outcome(loss / self.count, figures["map50"] or 0.0, figures["map50"] or 0.0, figures)

    def of_boxes(self, find: Callable[[Tensor], list[Found]], stop: StopRequest) -> Outcome:
        """mAP50 of anything that finds boxes in a batch of inputs; no loss is taken. Raises Stopped."""
        figures = self._figures(lambda inputs, _objects: find(inputs), stop)
        return Outcome(None, figures["map50"] or 0.0, figures["map50"] or 0.0, figures)

    def _figures(self, find: Callable[[Tensor, Sequence[TrueBoxes]], list[Found]], stop: StopRequest) -> dict[str, Any]:
        found = DetectionMetrics(self.classes)
        with torch.inference_mode():
            for begin in range(0, self.count, self.batch):
                stop.check()
                end = min(begin + self.batch, self.count)
                objects = self.objects[begin:end]
                for picture, true in zip(find(self._inputs(begin, end), objects), objects, strict=True):
                    found.add(FoundBoxes(*(part.cpu().numpy() for part in picture)), true)
        return found.figures()

    def _inputs(self, begin: int, end: int) -> Tensor:
        return students.normalise(torch.from_numpy(self.pictures[self.rows[begin:end]]).to(self.device))
