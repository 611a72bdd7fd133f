"""What each kind of task provides to be shown, and which samples are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from distillation.contract.sentence import Sentence
from distillation.datasets import pictures
from distillation.datasets.samples import Sample
from distillation.engine.drawing import LEAST_SIDE, LONGEST_SIDE

MOST = 16
RIGHT, WRONG = (0, 130, 60), (200, 30, 30)


@dataclass(frozen=True, slots=True)
class Material:
    """The held-out pictures."""

    files: Sequence[tuple[Path, Sample]]
    """Of every row of the pack."""
    pictures: NDArray[np.uint8]
    """The pack, ``[rows, channels, size, size]``."""
    rows: NDArray[np.int64]
    """The held-out ones."""
    classes: tuple[str, ...]

    def picture(self, row: int) -> Image.Image:
        """The picture in its file, in colour; a small one is enlarged pixel by pixel. Raises Unreadable."""
        picture = pictures.open_picture(self.files[row][0], 3)
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        factor = -(-LEAST_SIDE // max(picture.size))
        if factor == 1:
            return picture
        return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.NEAREST)


@dataclass(frozen=True, slots=True)
class Example:
    """One picture as people see it."""

    drawing: Image.Image
    truth: Any
    """JSON, as ``index.json`` has it; so is the prediction."""
    prediction: Any


class Gallery(Protocol):
    """The held-out pictures of one kind of task."""

    rule: Sentence
    """When a prediction counts as right."""
    material: Material

    def right(self, answers: Any, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of a batch's answers are right, bool ``[n]``."""

    def example(self, answers: Any, place: int, row: int) -> Example:
        """The picture ``row``, which stands at ``place`` in the batch, with its answer. Raises Unreadable."""


def chosen(right: NDArray[np.bool_], most: int = MOST) -> NDArray[np.int64]:
    """Places of at most ``most`` samples, ascending: half of them wrong where there are, each kind evenly spread."""
    good, bad = np.flatnonzero(right), np.flatnonzero(~right)
    wrong = min(len(bad), max(most // 2, most - len(good)))
    return np.sort(np.concatenate([_spread(bad, wrong), _spread(good, min(len(good), most - wrong))]))


def _spread(places: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    if not count:
        return places[:0]
    return places[np.linspace(0, len(places) - 1, count).round().astype(np.int64)]
