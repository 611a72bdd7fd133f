"""A picture of any shape in a square without distortion: scaled to fit, centred, with a grey border.

Pixels, class maps and boxes go both ways by the same arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from distillation.datasets.samples import IGNORED

Value = TypeVar("Value", np.uint8, np.float32)

BORDER = 114
"""The grey of the border, the usual one of detectors."""

_Pixel = TypeVar("_Pixel", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a picture of ``width × height`` lies in a square of ``size`` pixels."""

    width: int
    height: int
    size: int

    @property
    def inner(self) -> tuple[int, int]:
        """Width and height of the scaled picture in the square."""
        longest = max(self.width, self.height)
        return max(1, round(self.width * self.size / longest)), max(1, round(self.height * self.size / longest))

    @property
    def corner(self) -> tuple[int, int]:
        """Left and top border in pixels."""
        width, height = self.inner
        return (self.size - width) // 2, (self.size - height) // 2

    def into(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes ``[n, 4]`` (left, top, right, bottom) of the picture as boxes of the square."""
        scale, shift = self._affine()
        return np.asarray(boxes * scale + shift, np.float32)

    def out_of(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes of the square as boxes of the picture, cut at its edges."""
        scale, shift = self._affine()
        limits = np.array([self.width, self.height, self.width, self.height], np.float32)
        return np.asarray(np.clip((boxes - shift) / scale, 0, limits), np.float32)

    def _affine(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        (width, height), (left, top) = self.inner, self.corner
        across, down = width / self.width, height / self.height
        return np.array([across, down] * 2, np.float32), np.array([left, top] * 2, np.float32)


def fitted(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Scale a picture ``uint8 [height, width, channels]`` bilinearly into ``[size, size, channels]``."""
    place = Letterbox(pixels.shape[1], pixels.shape[0], size)
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    inner = np.array(image.resize(place.inner, Image.Resampling.BILINEAR), np.uint8).reshape(
        place.inner[1], place.inner[0], pixels.shape[2]
    )
    square = np.full((size, size, pixels.shape[2]), BORDER, np.uint8)
    _place(place, square)[...] = inner
    return square


def fitted_map(class_map: NDArray[Value], size: int, border: float = IGNORED) -> NDArray[Value]:
    """Scale a class map, ``uint8`` or ``float32 [height, width]``, to the nearest into ``[size, size]``."""
    place = Letterbox(class_map.shape[1], class_map.shape[0], size)
    square = np.full((size, size), border, class_map.dtype)
    _place(place, square)[...] = np.array(Image.fromarray(class_map).resize(place.inner, Image.Resampling.NEAREST))
    return square


def unfitted(planes: NDArray[np.float32], place: Letterbox) -> Iterator[NDArray[np.float32]]:
    """Planes ``[n, size, size]`` of the square in the picture's own size, ``[height, width]`` each, bilinearly."""
    for plane in planes:
        inner = Image.fromarray(np.ascontiguousarray(_place(place, plane)))
        yield np.array(inner.resize((place.width, place.height), Image.Resampling.BILINEAR))


def _place(place: Letterbox, square: NDArray[_Pixel]) -> NDArray[_Pixel]:
    (width, height), (left, top) = place.inner, place.corner
    return square[top : top + height, left : left + width]
