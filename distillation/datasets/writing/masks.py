"""Masks: a PNG for each picture that holds the number of every pixel's class, drawn from the same polygons."""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from distillation.datasets import class_maps
from distillation.datasets.class_names import is_background
from distillation.datasets.samples import IGNORED, Objects
from distillation.datasets.writing.labels import LabelledPicture


def document(picture: LabelledPicture, classes: Sequence[str]) -> bytes:
    """The file for one picture. What no polygon covers is the background, or IGNORED where no class is one."""
    found = [label for label in picture.labels if label.outline]
    shapes = [(np.array(label.points, np.float32),) for label in found]
    # Class 0 may be any class here: while they are drawn, numbers are one higher and 0 is what nothing covers.
    objects = Objects(
        np.array([label.number + 1 for label in found], np.int64), np.zeros((len(found), 4), np.float32), shapes
    )
    uncovered = next((number for number, name in enumerate(classes) if is_background(name)), IGNORED)
    numbers = np.array([uncovered, *range(IGNORED)], np.uint8)
    mask = Image.fromarray(numbers[class_maps.draw(objects, (picture.width, picture.height))])
    mask.putpalette(_palette())
    encoded = io.BytesIO()
    mask.save(encoded, "PNG")
    return encoded.getvalue()


@functools.cache
def _palette() -> bytes:
    """The colours of Pascal VOC, by which people know masks: bits of a number go to red, green and blue in turn."""
    number = np.arange(256)
    colours = np.zeros((256, 3), np.int64)
    for level in range(8):
        for channel in range(3):
            colours[:, channel] |= (number >> (3 * level + channel) & 1) << (7 - level)
    return colours.astype(np.uint8).tobytes()
