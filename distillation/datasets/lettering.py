"""Letters and colours for what is drawn into pictures; Chinese names need a font of the machine."""

from __future__ import annotations

import colorsys
import functools

from PIL import ImageFont

_FONTS = (
    "NotoSansCJK-Regular.ttc", "NotoSansSC-Regular.otf", "SourceHanSansSC-Regular.otf", "wqy-microhei.ttc",
    "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf", "msyh.ttc", "PingFang.ttc", "DejaVuSans.ttf",
)  # fmt: skip
"""Looked for on the machine, those that know Chinese first; Pillow's own knows Latin letters only."""
_GOLDEN = 0.618033988749895

Colour = tuple[int, int, int]


@functools.lru_cache(maxsize=4096)
def hue(number: int) -> Colour:
    """Hues that stay apart however many there are, dark enough for white letters."""
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(number * _GOLDEN % 1.0, 0.9, 0.75))
    return red, green, blue


@functools.lru_cache(maxsize=4)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A font of ``size`` pixels."""
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)
