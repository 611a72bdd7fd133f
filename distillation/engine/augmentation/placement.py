"""Where a picture lies in a view: a window of the picture is shown in a cell of the view, perhaps mirrored.

Crop, scale, translation and the tiles of a mosaic are all this. Pixels, class maps and boxes follow the same line.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from distillation.engine.augmentation.planes import as_image
from distillation.engine.augmentation.strength import Strength

LEAST_AREA = 0.1
"""Share of a box's area that must be left in the view; below, nobody could tell the object."""
LEAST_SIDE = 2.0
"""Pixels that both sides of a box must have."""
_ROUNDING = 1e-6
"""Pixels; keeps an edge that lies on a pixel's border from losing that pixel to the last bit."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of a placement: positions of the picture from ``origin`` on are shown from ``begin`` to ``end``."""

    origin: float
    """Position in the picture, in its pixels, that is shown at ``begin``; may lie outside."""
    zoom: float
    """Pixels of the view for each pixel of the picture, above 0."""
    begin: int
    end: int

    def to_picture(self, position: float) -> float:
        """The position in the picture that is shown at ``position`` of the view."""
        return self.origin + (position - self.begin) / self.zoom

    def covered(self, size: int) -> tuple[int, int]:
        """First pixel of the cell that a picture of ``size`` covers wholly, and the one after the last; maybe none."""
        edge = self.begin - self.origin * self.zoom
        first = min(max(self.begin, math.ceil(edge - _ROUNDING)), self.end)
        last = min(self.end, math.floor(edge + size * self.zoom + _ROUNDING))
        return first, max(first, last)


@dataclass(frozen=True, slots=True)
class Placement:
    """A picture's place in a view."""

    x: Axis
    y: Axis
    mirrored: bool
    """Left and right change places within the cell."""

    def paint(self, picture: NDArray[np.uint8], canvas: NDArray[np.uint8]) -> None:
        """Draw the picture into its cell of the canvas, both ``[channels, size, size]``.

        Bilinear, over all pixels that a smaller one covers. What the picture leaves free gets the mean colour of its
        border, which is the background where pictures have one.
        """
        size = picture.shape[-1]
        columns, rows = self.x.covered(size), self.y.covered(size)
        shown = self._part(canvas, columns, rows)
        if shown.shape[1:] != (self.y.end - self.y.begin, self.x.end - self.x.begin):
            self._part(canvas)[...] = _border_mean(picture)[:, None, None]
        if not shown.size:
            return
        box = _box(size, self.x, self.y, columns, rows)
        for plane, target in zip(picture, shown, strict=True):
            # A plane is read where it lies; resizing three of them takes less time than making RGB of them.
            resized = as_image(plane).resize(shown.shape[:0:-1], Image.Resampling.BILINEAR, box)
            target[...] = np.asarray(resized)

    def paint_classes(self, class_map: NDArray[Any], canvas: NDArray[Any]) -> None:
        """Draw a class map, or what else each pixel has, into its cell by nearest neighbour; what is free stays."""
        size = class_map.shape[-1]
        columns, rows = self.x.covered(size), self.y.covered(size)
        below = _nearest(self.y, rows, size), _nearest(self.x, columns, size)
        self._part(canvas, columns, rows)[...] = class_map[below[0]].take(below[1], axis=1)

    def moved(self, boxes: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Boxes ``[n, 4]`` as they lie in the view, clipped to the cell, and which of them are still to be seen.

        Those with less than LEAST_AREA of their area or less than LEAST_SIDE pixels a side left are not.
        """
        begin = np.array([self.x.begin, self.y.begin] * 2, np.float64)
        end = np.array([self.x.end, self.y.end] * 2, np.float64)
        exact = begin + (boxes - [self.x.origin, self.y.origin] * 2) * ([self.x.zoom, self.y.zoom] * 2)
        if self.mirrored:
            exact[:, [2, 0]] = begin[0] + end[0] - exact[:, [0, 2]]
        clipped = exact.clip(begin, end).astype(np.float32)
        whole, left = exact[:, 2:] - exact[:, :2], clipped[:, 2:] - clipped[:, :2]
        seen = (left >= LEAST_SIDE).all(axis=1) & (left.prod(axis=1) >= LEAST_AREA * whole.prod(axis=1))
        return clipped, seen

    def _part(
        self,
        canvas: NDArray[np.uint8],
        columns: tuple[int, int] | None = None,
        rows: tuple[int, int] | None = None,
    ) -> NDArray[np.uint8]:
        """The cell, or these pixels of it, as a view of the canvas that runs as the picture does."""
        cell = canvas[..., self.y.begin : self.y.end, self.x.begin : self.x.end]
        if self.mirrored:
            cell = cell[..., ::-1]
        if columns is None or rows is None:
            return cell
        (left, right), (top, bottom) = columns, rows
        return cell[..., top - self.y.begin : bottom - self.y.begin, left - self.x.begin : right - self.x.begin]


def draw(
    generator: np.random.Generator,
    strength: Strength,
    size: int,
    *,
    zoom: tuple[float, float],
    cell: tuple[int, int, int, int],
) -> Placement:
    """Draw a place within ``cell`` (left, top, right, bottom) for a picture of ``size``.

    Magnifications are equally likely on a logarithmic scale; neither side's falls below the least of ``zoom``.
    """
    left, top, right, bottom = cell
    even = math.exp(generator.uniform(math.log(zoom[0]), math.log(zoom[1])))
    uneven = math.exp(generator.uniform(-0.5, 0.5) * math.log(strength.stretch))
    x = _draw_axis(generator, strength, size, max(zoom[0], even * uneven), left, right)
    y = _draw_axis(generator, strength, size, max(zoom[0], even / uneven), top, bottom)
    return Placement(x, y, bool(generator.random() < strength.flip))


def _draw_axis(
    generator: np.random.Generator, strength: Strength, size: int, zoom: float, begin: int, end: int
) -> Axis:
    window = (end - begin) / zoom
    slack, outside = size - window, strength.shift * window
    return Axis(generator.uniform(min(0.0, slack) - outside, max(0.0, slack) + outside), zoom, begin, end)


def _box(
    size: int, x: Axis, y: Axis, columns: tuple[int, int], rows: tuple[int, int]
) -> tuple[float, float, float, float]:
    """The part of the picture (left, top, right, bottom) that these pixels of the view show."""
    corners = (x.to_picture(columns[0]), y.to_picture(rows[0]), x.to_picture(columns[1]), y.to_picture(rows[1]))
    left, top, right, bottom = (min(max(edge, 0.0), float(size)) for edge in corners)
    return left, top, right, bottom


def _nearest(axis: Axis, pixels: tuple[int, int], size: int) -> NDArray[np.intp]:
    """The picture's pixel below the centre of each of these pixels of the view."""
    positions = axis.origin + (np.arange(*pixels) + 0.5 - axis.begin) / axis.zoom
    return np.floor(positions).astype(np.intp).clip(0, size - 1)


def _border_mean(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The mean colour ``[channels]`` of a picture's four edges."""
    edges = np.concatenate([picture[:, 0], picture[:, -1], picture[:, :, 0], picture[:, :, -1]], axis=1)
    return (edges.sum(axis=1, dtype=np.int64) // edges.shape[1]).astype(np.uint8)
