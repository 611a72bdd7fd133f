"""Detected objects: true boxes in one colour, found ones in another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.engine import drawing
from distillation.engine.detection.decode import decode
from distillation.engine.detection.letterbox import Letterbox
from distillation.engine.detection.matching import NOBODY, FoundBoxes, TrueBoxes, match_own_class, overlaps
from distillation.engine.detection.metrics import LEAST_OVERLAP
from distillation.engine.detection.outputs import Detections
from distillation.engine.examples.gallery import Example, Material

TRUE, FOUND = (0, 130, 60), (220, 90, 0)
MOST_LISTED = 100
"""Objects of a picture that the index names."""


class DetectedGallery:
    """Answers are :class:`Detections`; boxes are those that people see, from a score of 0.25 on."""

    rule = Sentence(
        gettext_noop(
            "Right is a picture in which every object is found by a box of its class that overlaps it by half, and "
            "nothing else is."
        )
    )

    def __init__(self, material: Material, objects: Mapping[int, TrueBoxes], sizes: NDArray[np.int32]) -> None:
        """``objects`` of each row in pixels of the square; ``sizes [rows, 2]`` of the upright pictures."""
        self.material, self._objects, self._sizes = material, objects, sizes

    def right(self, answers: Detections, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Every object is found, and nothing else."""
        pairs = zip(_found(answers), rows, strict=True)
        return np.array([_fits(found, self._objects[int(row)]) for found, row in pairs], np.bool_)

    def example(self, answers: Detections, place: int, row: int) -> Example:
        """True boxes below, found ones above them."""
        found, true = _found(answers)[place], self._objects[row]
        picture = self.material.picture(row)
        width, height = map(int, self._sizes[row])
        letterbox = Letterbox(width, height, self.material.pictures.shape[-1])
        scale = picture.width / width
        names = self.material.classes
        found_boxes, true_boxes = letterbox.out_of(found.boxes), letterbox.out_of(true.boxes)
        shown = drawing.draw(
            picture,
            np.float32(scale) * np.concatenate([found_boxes, true_boxes]),
            [f"{names[label]} {score:.2f}" for label, score in zip(found.labels, found.scores, strict=True)]
            + [names[label] for label in true.labels],
            [FOUND] * len(found.labels) + [TRUE] * len(true.labels),
        )
        listed = _listed(names, found_boxes, found.labels)
        for entry, score in zip(listed, found.scores.tolist(), strict=False):
            entry["score"] = round(score, 4)
        return Example(shown, _listed(names, true_boxes, true.labels), listed)


def _found(answers: Detections) -> list[FoundBoxes]:
    return [FoundBoxes(*(part.cpu().numpy() for part in picture)) for picture in decode(answers)]


def _fits(found: FoundBoxes, true: TrueBoxes) -> bool:
    if len(found.labels) != len(true.labels):
        return False
    partners = match_own_class(found, true, overlaps(found.boxes, true.boxes), LEAST_OVERLAP)
    return bool((partners != NOBODY).all())


def _listed(names: tuple[str, ...], boxes: NDArray[np.float32], labels: NDArray[np.int64]) -> list[dict[str, Any]]:
    pairs = zip(boxes.astype(np.float64).round(1).tolist(), labels.tolist(), strict=True)
    return [{"class": names[label], "box": box} for box, label in pairs][:MOST_LISTED]
