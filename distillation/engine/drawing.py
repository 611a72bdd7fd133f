"""Boxes and polygons drawn into a picture for people: a line around each and a line of text."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from distillation.datasets.lettering import Colour, font, hue

LONGEST_SIDE = 800
"""Pixels of the drawing at most."""
LEAST_SIDE = 400
"""Of its longer side; a caption would hide a smaller picture."""
_TEXT = 14
_LINE = 2
_JPEG_QUALITY = 90


def draw(
    picture: Image.Image,
    boxes: NDArray[np.float32],
    captions: Sequence[str],
    colours: Sequence[Colour] | None = None,
    outlines: Sequence[Sequence[float]] = (),
) -> Image.Image:
    """Draw ``boxes [n, 4]`` (left, top, right, bottom in pixels of the picture) with a caption each.

    Returns a new RGB picture, its longer side between LEAST_SIDE and LONGEST_SIDE. Captions that differ in their last
    word alone (a score) share a colour, unless ``colours`` says the colour of each. ``outlines``: of each box
    the polygon x, y, x, y, … that is drawn instead, empty for none.
    """
    longer = max(picture.size)
    scale = min(max(longer, LEAST_SIDE), LONGEST_SIDE) / longer
    width, height = (max(1, round(side * scale)) for side in picture.size)
    drawn = picture.convert("RGB").resize((width, height), Image.Resampling.BILINEAR)
    canvas, letters = ImageDraw.Draw(drawn), font(_TEXT)
    # The surest is drawn last, over the others.
    for box, caption, colour, outline in reversed(
        list(
            zip(
                np.asarray(boxes) * scale,
                captions,
                colours or _by_kind(captions),
                outlines or [()] * len(captions),
                strict=True,
            )
        )
    ):
        left, top, right, bottom = (float(side) for side in box)
        if outline:
            canvas.polygon([side * scale for side in outline], outline=colour, width=_LINE)
        else:
            canvas.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=colour, width=_LINE)
        place = (left, top - _TEXT - 2 * _LINE if top >= _TEXT + 2 * _LINE else top)
        canvas.rectangle(canvas.textbbox(place, caption, font=letters), fill=colour)
        canvas.text(place, caption, fill="white", font=letters)
    return drawn


def jpeg(
    picture: Image.Image,
    boxes: NDArray[np.float32],
    captions: Sequence[str],
    outlines: Sequence[Sequence[float]] = (),
) -> bytes:
    """The drawing as a file."""
    encoded = io.BytesIO()
    draw(picture, boxes, captions, outlines=outlines).save(encoded, "JPEG", quality=_JPEG_QUALITY)
    return encoded.getvalue()


def _by_kind(captions: Sequence[str]) -> list[Colour]:
    kinds = [caption.rpartition(" ")[0] or caption for caption in captions]
    numbers = {kind: number for number, kind in enumerate(dict.fromkeys(reversed(kinds)))}
    return [hue(numbers[kind]) for kind in kinds]
