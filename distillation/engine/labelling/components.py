"""From a segmentation model's probabilities to objects: connected pixels of one class, in the picture's own size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from distillation.datasets import mask_outlines
from distillation.datasets.writing.labels import Label
from distillation.engine.detection import letterbox
from distillation.engine.detection.letterbox import Letterbox

LEAST_AREA = 16
"""Pixels, of the picture as the model sees it or of the picture itself, whichever are larger.

Fewer are a speck that nobody corrects: it is left out, and where it was a hole, the hole is filled.
"""


def labels(
    probabilities: NDArray[np.float32], place: Letterbox, marked: Iterable[int], thresholds: Sequence[float]
) -> tuple[Label, ...]:
    """The objects of the ``marked`` classes, the surest first; a score is the mean probability of its pixels.

    ``probabilities [classes, size, size]`` are of the square. ``thresholds``: least scores, one a class.
    """
    numbers, scores = likeliest(probabilities, place)
    least_area = LEAST_AREA * max(1.0, max(place.width, place.height) / place.size) ** 2
    found = [
        label
        for number in marked
        for label in _of_class(numbers == number, scores, number, thresholds[number], least_area)
    ]
    return tuple(sorted(found, key=lambda label: -label.score))


def likeliest(probabilities: NDArray[np.float32], place: Letterbox) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The class of each pixel of the picture and its probability, ``[height, width]``.

    Class by class: all of a large picture at once would not fit in memory.
    """
    numbers = np.zeros((place.height, place.width), np.uint8)
    scores = np.full((place.height, place.width), -1, np.float32)
    for number, plane in enumerate(letterbox.unfitted(probabilities, place)):
        better = plane > scores
        numbers[better] = number
        np.copyto(scores, plane, where=better)
    return numbers, scores


def _of_class(
    mask: NDArray[np.bool_], scores: NDArray[np.float32], number: int, least: float, least_area: float
) -> Iterator[Label]:
    if not mask.any():
        return
    pieces, _count = ndimage.label(mask)
    areas = np.bincount(pieces.reshape(-1))
    boxes = ndimage.find_objects(pieces)
    for piece in (np.flatnonzero(areas[1:] >= least_area) + 1).tolist():
        rows, columns = boxes[piece - 1]
        patch = pieces[rows, columns] == piece
        score = float(scores[rows, columns][patch].mean())
        if score >= least:
            corner = np.array([columns.start, rows.start])
            yield Label.outlined(number, round(score, 4), corner + mask_outlines.outline(patch, least_area))
