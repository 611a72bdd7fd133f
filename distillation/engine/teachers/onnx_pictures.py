"""A picture as an ONNX file wants it, by what its card states; and where its pixels lie in the picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from distillation.datasets import pictures
from distillation.engine.detection.letterbox import BORDER
from distillation.engine.teachers.onnx_card import Card

_FILTERS = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "nearest": Image.Resampling.NEAREST,
}


@dataclass(frozen=True, slots=True)
class Fit:
    """The place of a picture of ``width × height`` in the input: stretched over it, or with a border around."""

    width: int
    height: int
    card: Card

    @property
    def inner(self) -> tuple[int, int]:
        """Width and height that the picture is scaled to."""
        if self.card.resize != "letterbox":
            return self.card.width, self.card.height
        scale = min(self.card.width / self.width, self.card.height / self.height)
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))

    @property
    def corner(self) -> tuple[int, int]:
        """Left and top border."""
        width, height = self.inner
        return (self.card.width - width) // 2, (self.card.height - height) // 2

    def out_of(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes ``[n, 4]`` in pixels of the input as boxes of the picture."""
        scale = np.array([self.width / self.inner[0], self.height / self.inner[1]] * 2, np.float32)
        return np.asarray((boxes - np.array(self.corner * 2, np.float32)) * scale, np.float32)


def prepared(picture: Image.Image, card: Card) -> Tensor:
    """float32 ``[channels, height, width]`` or ``[height, width, channels]``: (pixel · scale - mean) / std."""
    mean, std = (np.array(values, np.float32) for values in (card.mean, card.std))
    pixels = pictures.as_array(_sized(picture, card)).astype(np.float32) * np.float32(card.scale)
    if card.channel_order == "BGR":
        pixels = pixels[..., ::-1]
    ready = (pixels - mean) / std
    if card.layout == "NCHW":
        ready = ready.transpose(2, 0, 1)
    return torch.from_numpy(np.ascontiguousarray(ready))


def noise(card: Card, count: int) -> Tensor:
    """Inputs of the right shape that show nothing."""
    sides = (card.height, card.width)
    shape = (card.channels, *sides) if card.layout == "NCHW" else (*sides, card.channels)
    values = np.random.Generator(np.random.PCG64(0)).standard_normal((count, *shape), np.float32)
    return torch.from_numpy(values)


def _sized(picture: Image.Image, card: Card) -> Image.Image:
    scaling = _FILTERS[card.interpolation]
    if card.resize == "stretch":
        return picture.resize((card.width, card.height), scaling)
    if card.resize == "letterbox":
        place = Fit(*picture.size, card)
        square = Image.new(picture.mode, (card.width, card.height), (BORDER,) * card.channels)
        square.paste(picture.resize(place.inner, scaling), place.corner)
        return square
    short = min(picture.size)
    width, height = (max(1, round(side * card.resize_to / short)) for side in picture.size)
    left, top = (width - card.width) // 2, (height - card.height) // 2
    return picture.resize((width, height), scaling).crop((left, top, left + card.width, top + card.height))
