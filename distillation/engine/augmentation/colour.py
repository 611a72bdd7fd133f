"""Brightness, contrast, saturation and hue of a view, as one linear map of its channels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from distillation.engine.augmentation.planes import as_image
from distillation.engine.augmentation.strength import Strength

_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
"""RGB to brightness and two axes of colour (NTSC 1953), in which a turn changes the hue and a length the saturation."""
_RGB = np.linalg.inv(_YIQ)


@dataclass(frozen=True, slots=True)
class Colour:
    """A change of colours; 1, 1, 1, 0 is none."""

    brightness: float
    contrast: float
    saturation: float
    hue: float
    """Share of the colour circle."""

    def apply(self, picture: NDArray[np.uint8]) -> None:
        """Change ``[channels, size, size]`` in place; a grey picture changes in brightness and contrast only."""
        if (self.brightness, self.contrast, self.saturation, self.hue) == (1.0, 1.0, 1.0, 0.0):
            return
        if picture.shape[0] == 1:
            self._apply_grey(picture)
        else:
            self._apply_rgb(picture)

    def _apply_grey(self, picture: NDArray[np.uint8]) -> None:
        values = self.brightness * self.contrast * np.arange(256) + self._offset(_means(picture)[0])
        table = np.rint(values).clip(0, 255).astype(np.uint8)
        np.take(table, picture, out=picture, mode="clip")

    def _apply_rgb(self, picture: NDArray[np.uint8]) -> None:
        angle = 2 * math.pi * self.hue
        cosine, sine = self.saturation * math.cos(angle), self.saturation * math.sin(angle)
        turn = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
        matrix = self.brightness * self.contrast * (_RGB @ turn @ _YIQ)
        offset = self._offset(float(_YIQ[0] @ _means(picture)))
        together = Image.merge("RGB", [as_image(plane) for plane in picture])
        for plane, factors in zip(picture, matrix.tolist(), strict=True):
            plane[...] = np.asarray(together.convert("L", (*factors, offset)))

    def _offset(self, mean: float) -> float:
        """What keeps the brightened picture's mean where it is under the change of contrast."""
        return self.brightness * (1.0 - self.contrast) * mean


def draw(generator: np.random.Generator, strength: Strength) -> Colour:
    """Draw a change within the strength's limits."""
    away = generator.uniform(-1.0, 1.0, 4)
    return Colour(
        float(1.0 + strength.brightness * away[0]),
        float(1.0 + strength.contrast * away[1]),
        float(1.0 + strength.saturation * away[2]),
        float(strength.hue * away[3]),
    )


def _means(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The mean of each channel; every other pixel in both directions is enough for it."""
    some = picture[:, ::2, ::2]
    return some.sum(axis=(1, 2), dtype=np.int64) / some[0].size
