"""Compose scenes of handwritten digits: coloured, in many sizes, on a blotchy ground, with boxes and class maps.

Knows arrays only: where digits come from and where scenes go is the business of others. A scene is a function of
its seed, number and digits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FEWEST, MOST = 2, 6
SMALLEST, LARGEST = 0.18, 0.45
"""A digit's side as a share of the scene's."""
OVERLAP = 0.05
"""The share of a box that another box may cover."""
TRIES = 40
INK = 0.4
"""Opacity from which a pixel belongs to the digit."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One picture with its digits."""

    pixels: NDArray[np.uint8]
    """``[size, size, 3]``."""
    labels: NDArray[np.int64]
    """``[n]``: 0 to 9."""
    boxes: NDArray[np.int64]
    """``[n, 4]``: left, top, right, bottom in pixels; right and bottom are outside the digit."""
    class_map: NDArray[np.uint8]
    """``[size, size]``: 0 is ground, 1 to 10 are the digits 0 to 9."""


def compose(digits: NDArray[np.uint8], labels: NDArray[np.int64], key: tuple[int, ...], size: int) -> Scene:
    """Paste some of ``digits [m, 8, 8]`` (0-255, bright on black) into a scene of ``size`` pixels; ``key`` seeds it."""
    random = np.random.Generator(np.random.PCG64(key))
    ground = _ground(random, size)
    pixels, class_map = ground.copy(), np.zeros((size, size), np.uint8)
    found: list[int] = []
    boxes: list[tuple[int, int, int, int]] = []
    for row in random.choice(len(digits), int(random.integers(FEWEST, MOST + 1)), replace=False):
        opacity = _ink(digits[row], max(8, round(size * random.uniform(SMALLEST, LARGEST))))
        place = free_place(random, opacity.shape, boxes, size)
        if place is None:
            continue
        left, top, right, bottom = place
        window = (slice(top, bottom), slice(left, right))
        ink = _contrasting(random, ground[window].mean(axis=(0, 1)))
        pixels[window] += opacity[..., None] * (ink - pixels[window])
        class_map[window][opacity >= INK] = labels[row] + 1
        found.append(int(labels[row]))
        boxes.append(place)
    return Scene(
        np.rint(pixels.clip(0, 255)).astype(np.uint8),
        np.array(found, np.int64),
        np.array(boxes, np.int64).reshape(-1, 4),
        class_map,
    )


def _ground(random: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Blotches of two colours that are not far from each other."""
    coarse = random.uniform(0, 255, 3) + random.normal(0, 22, (5, 5, 3))
    picture = Image.fromarray(coarse.clip(0, 255).astype(np.uint8)).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(picture, np.float64)


def _ink(digit: NDArray[np.uint8], side: int) -> NDArray[np.float64]:
    """The digit enlarged to about ``side`` pixels, with sharp edges, cut to its box: opacity 0-1."""
    large = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    opacity = ((np.asarray(large, np.float64) / 255 - INK) * side / 12 + INK).clip(0, 1)
    rows, columns = np.nonzero(opacity >= INK)
    return opacity[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def free_place(
    random: np.random.Generator, shape: tuple[int, ...], taken: list[tuple[int, int, int, int]], size: int
) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of a thing of ``shape`` that hardly covers those ``taken``; None if none is found."""
    height, width = shape
    for _ in range(TRIES):
        left, top = int(random.integers(0, size - width + 1)), int(random.integers(0, size - height + 1))
        place = (left, top, left + width, top + height)
        if all(_covered(place, other) <= OVERLAP for other in taken):
            return place
    return None


def _covered(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> float:
    """The common area as a share of the smaller box."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return max(width, 0) * max(height, 0) / min(areas)


def _contrasting(random: np.random.Generator, ground: NDArray[np.float64]) -> NDArray[np.float64]:
    """A colour whose brightness is far from the ground's."""
    while True:
        colour = random.uniform(0, 255, 3)
        if abs(colour.mean() - ground.mean()) > 80:
            return colour
