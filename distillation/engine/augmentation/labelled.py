"""A picture with what is marked on it: what every step of augmentation takes and gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from distillation.datasets.samples import IGNORED


@dataclass(frozen=True, slots=True, eq=False)
class Guesses:
    """What a teacher found in a picture: pseudo-labels, which move with it as marked boxes do."""

    boxes: NDArray[np.float32]
    """``[n, 4]``: left, top, right, bottom in pixels, within the picture."""
    labels: NDArray[np.int64]
    """``[n]``."""
    scores: NDArray[np.float32]
    """``[n]``: how sure the teacher is, 0 … 1."""


@dataclass(frozen=True, slots=True, eq=False)
class DrawnMap:
    """What a teacher drew into marked boxes: of each pixel its likeliest object's class, against the background."""

    classes: NDArray[np.uint8]
    """``[size, size]``; IGNORED (255) where nobody knows."""
    logits: NDArray[np.float32]
    """``[size, size]``: the pixel is of that class with the probability σ(logit), else background (class 0)."""

    def hard(self) -> NDArray[np.uint8]:
        """The likelier of the two, as a class map."""
        background = (self.logits <= 0) & (self.classes != IGNORED)
        return np.where(background, 0, self.classes).astype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """One picture at the training size."""

    picture: NDArray[np.uint8]
    """``[channels, size, size]``; 1 (grey) or 3 (RGB) channels. May be read-only."""
    boxes: NDArray[np.float32] | None = None
    """``[n, 4]``: left, top, right, bottom in pixels, within the picture. None: nobody has marked boxes."""
    labels: NDArray[np.int64] | None = None
    """``[n]``, the classes of ``boxes``; None with them."""
    class_map: NDArray[np.uint8] | None = None
    """``[size, size]``; IGNORED (255) where nobody knows. None: nobody has drawn one."""
    mixed: tuple[int, float] | None = None
    """After mixup: the position of the other picture and its share of the pixels, at most a half."""
    guesses: Guesses | None = None
    """None: no teacher has looked."""
    drawn: DrawnMap | None = None
    """None: no teacher has drawn masks."""


NO_BOXES = np.zeros((0, 4), np.float32)
NO_LABELS = np.zeros(0, np.int64)


def all_boxes(parts: list[Labelled]) -> tuple[NDArray[np.float32] | None, NDArray[np.int64] | None]:
    """Boxes and labels of pictures shown together; None where one of them is unmarked.

    An unmarked picture may hold objects: a view that shows it must not count as free of them.
    """
    boxes = [part.boxes for part in parts if part.boxes is not None]
    labels = [part.labels for part in parts if part.labels is not None]
    if len(boxes) < len(parts) or len(labels) < len(parts):
        return None, None
    return np.concatenate([NO_BOXES, *boxes]), np.concatenate([NO_LABELS, *labels])


def all_guesses(parts: list[Labelled]) -> Guesses | None:
    """The teacher's boxes in pictures shown together; None where it has not looked at one of them."""
    guesses = [part.guesses for part in parts if part.guesses is not None]
    if len(guesses) < len(parts):
        return None
    return Guesses(
        np.concatenate([NO_BOXES, *(one.boxes for one in guesses)]),
        np.concatenate([NO_LABELS, *(one.labels for one in guesses)]),
        np.concatenate([np.zeros(0, np.float32), *(one.scores for one in guesses)]),
    )
