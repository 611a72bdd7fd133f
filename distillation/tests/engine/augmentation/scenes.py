"""Pictures whose content is known: filled rectangles, each with its box and its class in a class map."""

from __future__ import annotations

import numpy as np

from distillation.engine.augmentation.labelled import Labelled


def scene(size: int, boxes: list[tuple[int, int, int, int]], *, channels: int = 3, background: int = 0) -> Labelled:
    """Object ``i`` has label ``i``, the value ``i + 1`` in the class map, and a grey of its own."""
    picture = np.full((channels, size, size), background, np.uint8)
    class_map = np.zeros((size, size), np.uint8)
    for number, (left, top, right, bottom) in enumerate(boxes):
        class_map[top:bottom, left:right] = number + 1
        picture[:, top:bottom, left:right] = 255 - 20 * number
    return Labelled(
        picture,
        np.array(boxes, np.float32).reshape(-1, 4),
        np.arange(len(boxes), dtype=np.int64),
        class_map,
    )


def noise(size: int, seed: int, *, channels: int = 3) -> Labelled:
    """Nothing but noise, and nothing marked."""
    return Labelled(np.random.default_rng(seed).integers(0, 256, (channels, size, size), dtype=np.uint8))


def bounds(class_map: np.ndarray, value: int) -> tuple[int, int, int, int] | None:
    """The bounding box of a value in a class map, if it is there."""
    rows, columns = np.nonzero(class_map == value)
    if not len(rows):
        return None
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def known(part: np.ndarray | None) -> np.ndarray:
    """Boxes, labels or a class map of a sample that must have them."""
    assert part is not None
    return part
