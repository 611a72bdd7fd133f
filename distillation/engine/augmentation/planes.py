"""One channel as Pillow's picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def as_image(plane: NDArray[np.uint8]) -> Image.Image:
    """A channel ``[height, width]`` as a picture of mode L, read where it lies if it lies in one piece.

    A mosaic calls this 15 times a view; ``Image.fromarray`` takes 10 µs longer, as much as all else in a small tile.
    """
    height, width = plane.shape
    return Image.frombuffer("L", (width, height), np.ascontiguousarray(plane), "raw", "L", 0, 1)
