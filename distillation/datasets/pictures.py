"""Picture files to arrays: any mode that Pillow knows, seen as a person would see it.

One reader for training, teachers and evaluation, so that a model never sees two versions of a picture.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import shown

READER_VERSION = 1
"""Part of every cache key: raise it when the same file would give other pixels."""

MAX_PIXELS = 100_000_000

_SIDEWAYS = frozenset({5, 6, 7, 8})
_GREY_MODES = frozenset({"1", "L", "LA", "La"})
FAILURES = (
    OSError,  # also Pillow's UnidentifiedImageError, truncated files, and files that vanish
    ValueError,
    SyntaxError,  # Pillow's answer to broken PNG chunks
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    ZeroDivisionError,
    MemoryError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow raises for files that it cannot read."""


class Unreadable(Refused):
    """One picture cannot be read; the others may be."""


def read_picture(path: Path, size: int, channels: int, *, quick: bool = False) -> NDArray[np.uint8]:
    """Read a picture as ``uint8 [size, size, channels]``, resized bilinearly to a square (not cropped).

    ``channels`` is 1 (grey) or 3 (RGB). A JPEG is decoded at the smallest scale that holds twice ``size``, or, when
    ``quick``, ``size``: half of the time for 640 × 480 at 224, and pixels that differ by 0.5 to 2 of 255 in the mean.
    A cache must know quick pixels from the others by its key. Raises Unreadable.
    """
    return read_sized(path, size, channels, quick=quick)[0]


def read_sized(
    path: Path, size: int, channels: int, *, quick: bool = False
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Like :func:`read_picture`, with the upright picture's own width and height. Raises Unreadable."""
    decoded = size if quick else 2 * size
    try:
        with _open(path) as image:
            own = image.size
            image.draft(None, (decoded, decoded))
            square = _displayed(image, channels).resize((size, size), Image.Resampling.BILINEAR)
            pixels = np.array(square, dtype=np.uint8).reshape(size, size, channels)
            return pixels, own[::-1] if _is_sideways(image, image.getexif()) else own
    except FAILURES as error:
        raise unreadable(path, error) from error


def open_picture(path: Path, channels: int) -> Image.Image:
    """Read a picture in its own size, as mode L (``channels`` 1) or RGB (3). Raises Unreadable."""
    try:
        with _open(path) as image:
            return _displayed(image, channels)
    except FAILURES as error:
        raise unreadable(path, error) from error


def open_small(path: Path, side: int) -> tuple[Image.Image, tuple[int, int]]:
    """Read a picture upright as RGB, neither side longer than ``side``, and its own upright width and height.

    For people to look at: a JPEG is decoded at the smallest scale that serves. Raises Unreadable.
    """
    try:
        with _open(path) as image:
            own = image.size[::-1] if _is_sideways(image, Image.Image.getexif(image)) else image.size
            image.draft(None, (side, side))
            if not _is_deep(image.mode):  # whose values are scaled by all of them
                image.thumbnail((2 * side, 2 * side), Image.Resampling.BOX)
            small = _displayed(image, 3)
            small.thumbnail((side, side), Image.Resampling.BILINEAR)
            return small, own
    except FAILURES as error:
        raise unreadable(path, error) from error


def upright_size(path: Path) -> tuple[int, int]:
    """Read width and height as a person sees the picture (EXIF rotation applied) from its header. Raises Unreadable."""
    try:
        with _open(path) as image:
            # PngImageFile.getexif would decode the whole picture to find a tag behind the pixels.
            return image.size[::-1] if _is_sideways(image, Image.Image.getexif(image)) else image.size
    except FAILURES as error:
        raise unreadable(path, error) from error


def as_array(image: Image.Image) -> NDArray[np.uint8]:
    """The pixels of a picture from :func:`open_picture`: ``uint8 [height, width, channels]``."""
    pixels = np.array(image, dtype=np.uint8)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def is_grey(path: Path) -> bool:
    """Tell whether a picture holds no colour, also when it is stored as RGB. Raises Unreadable.

    Only the header is read where the mode already says so.
    """
    try:
        with _open(path) as image:
            if image.mode in _GREY_MODES or _is_deep(image.mode):
                return True
            pixels = np.asarray(_displayed(image, 3))
            return bool((pixels == pixels[..., :1]).all())
    except FAILURES as error:
        raise unreadable(path, error) from error


def _open(path: Path) -> Image.Image:
    image = Image.open(path)
    width, height = image.size
    if width * height > MAX_PIXELS:
        image.close()
        raise Unreadable(
            Sentence(
                gettext_noop("{path} has {width} × {height} pixels, the limit is {limit} megapixels. Make it smaller."),
                {
                    "path": shown(path.name),
                    "width": width,
                    "height": height,
                    "limit": MAX_PIXELS // 1_000_000,
                },
            )
        )
    return image


def _displayed(image: Image.Image, channels: int) -> Image.Image:
    """Upright, opaque on white, eight bits a channel."""
    upright = ImageOps.exif_transpose(image)
    if _is_deep(upright.mode):
        upright = Image.fromarray(_eight_bits(upright))
    elif upright.has_transparency_data:
        layered = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")
    return upright.convert("L" if channels == 1 else "RGB")


def _is_sideways(image: Image.Image, tags: Image.Exif) -> bool:
    """Whether width and height change places for people; of TIFF Pillow has turned them already."""
    return image.format != "TIFF" and tags.get(ExifTags.Base.Orientation, 1) in _SIDEWAYS


def _is_deep(mode: str) -> bool:
    return mode == "F" or mode.startswith("I")


def _eight_bits(image: Image.Image) -> NDArray[np.uint8]:
    """Scale 16-bit, 32-bit and float pixels to 0-255 instead of clipping them.

    16-bit: the whole range 0-65535. Floats within 0-1 and within 0-255 keep that meaning. Everything else is
    stretched between its lowest and highest value.
    """
    pixels = np.nan_to_num(np.asarray(image).astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = float(pixels.min()), float(pixels.max())
    ranges = [1.0, 255.0] if image.mode == "F" else [65535.0]
    top = next((top for top in ranges if low >= 0 and high <= top), None)
    if top is None:
        pixels, top = pixels - low, (high - low) or 1.0
    return np.asarray(np.rint(pixels * (255.0 / top)), dtype=np.uint8)


def unreadable(path: Path, error: BaseException) -> Unreadable:
    """Say that a file is no picture that can be read."""
    return Unreadable(
        Sentence(
            gettext_noop("{path} cannot be read as a picture ({error}). Replace or remove it."),
            {"path": shown(path.name), "error": shown(f"{type(error).__name__}: {error}")},
        )
    )
