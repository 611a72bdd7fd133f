"""A teacher of boxes in memory: it looks at the clean picture, prepared in its own way, and answers in its pixels.

What counts as found is decided here for every kind: a least score, no second box for one object, a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distillation.engine.detection.matching import FoundBoxes
from distillation.engine.detection.suppression import suppress
from distillation.engine.teachers.source import by_shape

LEAST_SCORE = {"detector": 0.5, "onnx": 0.5, "open_vocabulary": 0.2}
"""By kind of teacher. A box is kept above it: pseudo-labels want sure boxes, and what compares pictures with words
gives lower scores than what was trained on the classes."""
OVERLAP = 0.6
"""IoU above which of two boxes of one class the less sure one goes."""
MOST = 100
"""Boxes of one picture that are kept, the surest."""
LEAST_SIDE = 1.0
"""Pixels of the picture; a thinner box shows nothing."""

PIXELS_AT_ONCE = 4_000_000
"""Of one forward pass: detectors look at pictures of a megapixel, and a whole batch of those needs many gigabytes."""


class Picture(NamedTuple):
    """One picture as the teacher wants it."""

    pixels: Tensor
    """float32 ``[channels, height, width]``."""
    mask: Tensor | None
    """``[height, width]``: 1 where the picture is, 0 where it was filled up; None for teachers that do not ask."""
    size: tuple[int, int]
    """Width and height of the picture on disk, upright."""


class Answers(NamedTuple):
    """What image processors read."""

    logits: Tensor
    """``[batch, boxes, classes]``, float32."""
    pred_boxes: Tensor
    """``[batch, boxes, 4]``: centre x, centre y, width, height, as shares of the prepared picture, float32."""


Decode = Callable[[Any, Sequence[tuple[int, int]], float], list[FoundBoxes]]
"""From a batch's answers, the sizes (width, height) of its pictures, and a score: the boxes above it, by class of the
data, in pixels of each picture."""


@dataclass(frozen=True, slots=True)
class BoxTeacher:
    """A network in evaluation mode with what goes before and after it."""

    model: nn.Module
    """Maps ``pixels [n, channels, height, width]`` and perhaps ``mask`` to what ``decode`` reads."""
    read: Callable[[Path], Picture]
    """Raises Refused, Unreadable."""
    decode: Decode
    least: float
    """A box is kept when its score is above this."""
    parameters: int

    def find(self, pictures: Sequence[Picture], device: str) -> list[FoundBoxes]:
        """What is kept of each picture, the surest first; pictures of one shape go through together."""
        found: dict[int, FoundBoxes] = {}
        for alike in by_shape([picture.pixels for picture in pictures]):
            step = at_once(pictures[alike[0]].pixels)
            for begin in range(0, len(alike), step):
                places = alike[begin : begin + step]
                answers = self._ask([pictures[place] for place in places], device)
                found |= {place: kept(one, pictures[place].size) for place, one in zip(places, answers, strict=True)}
        return [found[place] for place in range(len(pictures))]

    def _ask(self, batch: Sequence[Picture], device: str) -> list[FoundBoxes]:
        with torch.inference_mode():
            answers = self.model(*_stacked(batch, device))
            return self.decode(answers, [picture.size for picture in batch], self.least)


def at_once(pixels: Tensor) -> int:
    """How many pictures like ``pixels [channels, height, width]`` go through together."""
    return max(1, PIXELS_AT_ONCE * 3 // pixels.numel())


def kept(found: FoundBoxes, size: tuple[int, int]) -> FoundBoxes:
    """Cut boxes at the picture's edges (``size``: width, height), and leave out what is thin, double or too much."""
    boxes = np.asarray(found.boxes, np.float32).reshape(-1, 4).clip(0, np.array([*size, *size], np.float32))
    seen = np.flatnonzero((boxes[:, 2:] - boxes[:, :2] >= LEAST_SIDE).all(axis=1))
    order = seen[np.argsort(-found.scores[seen], kind="stable")]
    chosen = order[_settled(boxes[order], found.labels[order])]
    return FoundBoxes(boxes[chosen], found.scores[chosen].astype(np.float32), found.labels[chosen].astype(np.int64))


def of_classes(outputs: int, columns: Sequence[int]) -> NDArray[np.int64]:
    """For each of a teacher's outputs the class of the data, −1 for one that the data does not have."""
    classes = np.full(outputs, -1, np.int64)
    classes[list(columns)] = np.arange(len(columns))
    return classes


def _settled(boxes: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    places: NDArray[np.int64] = suppress(torch.from_numpy(boxes), torch.from_numpy(labels), OVERLAP, MOST).numpy()
    return places


def _stacked(batch: Sequence[Picture], device: str) -> list[Tensor]:
    parts = [torch.stack([picture.pixels for picture in batch]).to(device)]
    masks = [picture.mask for picture in batch if picture.mask is not None]
    return [*parts, torch.stack(masks).to(device)] if masks else parts
