"""Segmented pictures: the student's classes as a coloured veil, beside the true ones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.datasets import lettering
from distillation.datasets.samples import IGNORED
from distillation.engine import drawing, metrics, segmentation
from distillation.engine.detection.letterbox import Letterbox
from distillation.engine.examples.gallery import RIGHT, WRONG, Example, Material
from distillation.engine.segmentation import ClassMaps

LEAST = 50.0
"""Mean IoU in percent from which on a picture counts as right."""
_VEIL = 0.5
_GAP = 4
"""Pixels between the two pictures."""


class SegmentedGallery:
    """Answers are logits ``[n, classes, size, size]``."""

    rule = Sentence(
        gettext_noop("Right is a picture whose mean IoU, over the classes in it, is at least {least} %."),
        {"least": int(LEAST)},
    )

    def __init__(self, material: Material, maps: ClassMaps, sizes: NDArray[np.int32]) -> None:
        """``sizes [rows, 2]`` of the upright pictures."""
        self.material, self._maps, self._sizes = material, maps, sizes

    def right(self, answers: Tensor, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """The mean IoU is high enough."""
        pairs = zip(_best(answers), rows, strict=True)
        return np.array([self._iou(best, int(row)) >= LEAST for best, row in pairs], np.bool_)

    def example(self, answers: Tensor, place: int, row: int) -> Example:
        """What the student says on the left, the truth on the right."""
        best, truth = _best(answers)[place], self._maps[row]
        iou = self._iou(best, row)
        picture = self.material.picture(row)
        veiled = [self._veiled(picture, one, row) for one in (best, truth)]
        both = Image.new("RGB", (2 * picture.width + _GAP, picture.height), "white")
        both.paste(veiled[0], (0, 0))
        both.paste(veiled[1], (picture.width + _GAP, 0))
        frame = np.array([[0, 0, *picture.size]], np.float32)
        shown = drawing.draw(both, frame, [f"IoU {iou:.0f} %"], [RIGHT if iou >= LEAST else WRONG])
        known = truth != IGNORED
        said = {"shares": self._shares(best[known]), "mean_iou": round(iou, 2)}
        return Example(shown, {"shares": self._shares(truth[known])}, said)

    def _iou(self, best: NDArray[np.uint8], row: int) -> float:
        truth = self._maps[row]
        known, kinds = truth != IGNORED, len(self.material.classes)
        confusion = metrics.confusion_matrix(truth[known].astype(np.int64), best[known], kinds)
        return float(segmentation.segmentation_figures(confusion, self.material.classes)["accuracy"])

    def _veiled(self, picture: Image.Image, class_map: NDArray[np.uint8], row: int) -> Image.Image:
        """The picture under the colours of its classes; class 0 and what nobody knows stay clear."""
        own_width, own_height = map(int, self._sizes[row])
        place = Letterbox(own_width, own_height, class_map.shape[-1])
        (width, height), (left, top) = place.inner, place.corner
        own = Image.fromarray(class_map[top : top + height, left : left + width])
        numbers = np.asarray(own.resize(picture.size, Image.Resampling.NEAREST))
        colours = np.array([lettering.hue(number) for number in range(256)], np.float32)[numbers]
        clear = (numbers == 0) | (numbers == IGNORED)
        pixels = np.asarray(picture, np.float32)
        mixed = np.where(clear[..., None], pixels, (1 - _VEIL) * pixels + _VEIL * colours)
        return Image.fromarray(mixed.astype(np.uint8))

    def _shares(self, values: NDArray[np.uint8]) -> dict[str, Any]:
        counts = np.bincount(values, minlength=len(self.material.classes))
        names = self.material.classes
        return (
            {names[n]: round(float(counts[n] / len(values)), 4) for n in np.flatnonzero(counts)} if len(values) else {}
        )


def _best(answers: Tensor) -> NDArray[np.uint8]:
    return np.asarray(answers.argmax(dim=1).cpu().numpy(), np.uint8)
