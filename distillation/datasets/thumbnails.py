"""Small pictures with their labels drawn, made when a page asks for them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.datasets import class_maps, layout, pictures, run_length
from distillation.datasets.lettering import Colour, font, hue
from distillation.datasets.samples import ClassMap, Sample
from distillation.datasets.shapes import RunLength
from distillation.datasets.survey.index import Kept

SIDE = 360
"""Pixels of the longer side; smaller pictures are enlarged by whole numbers, so that their pixels stay visible."""
MAX_PIXELS = 50_000_000
"""Of a picture that has to be decoded whole: a request that waits for more holds up others."""
MASK_PIXELS = 24_000_000
MOST_OBJECTS = 200
"""Drawn in one picture; more could not be told apart."""
MOST_NAMED = 12
"""Classes of a mask whose names are written."""
_TEXT, _LINE, _QUALITY = 20, 3, 85


def thumbnail(root: Path, kept: Kept, classes: Sequence[str]) -> bytes:
    """A JPEG of the picture with its boxes, areas and classes. Raises Refused for what cannot be shown, and why."""
    path = layout.require_inside(root / kept.path, root)
    picture, own = _open(path)
    if "mask" in kept.body:
        picture = _with_mask(root, kept, picture, own, classes)
    elif "boxes" in kept.body:
        picture = _with_objects(kept, picture, own, classes)
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=_QUALITY)
    return encoded.getvalue()


def _open(path: Path) -> tuple[Image.Image, tuple[int, int]]:
    width, height = pictures.upright_size(path)
    if width * height > MAX_PIXELS and path.suffix.lower() not in (".jpg", ".jpeg"):
        raise _too_large(path, width, height, MAX_PIXELS)
    picture, own = pictures.open_small(path, SIDE)
    if (times := SIDE // max(picture.size)) > 1:
        picture = picture.resize((picture.width * times, picture.height * times), Image.Resampling.NEAREST)
    return picture, own


def _with_objects(kept: Kept, picture: Image.Image, own: tuple[int, int], classes: Sequence[str]) -> Image.Image:
    scale = np.array([picture.width / own[0], picture.height / own[1]])
    shapes = kept.body.get("shapes") or [None] * len(kept.labels)
    found = list(zip(kept.labels, kept.body["boxes"], shapes, strict=False))[:MOST_OBJECTS]
    for label, _box, shape in found:
        if shape is not None:
            picture = _filled(picture, shape, scale, hue(label))
    canvas = ImageDraw.Draw(picture)
    for label, box, shape in found:
        left, top, right, bottom = (np.array(box).reshape(2, 2) * scale).ravel().tolist()
        if shape is None:
            canvas.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=hue(label), width=_LINE)
        _caption(canvas, (left, top), classes[label] if label < len(classes) else str(label), hue(label), picture.size)
    return picture


def _caption(
    canvas: ImageDraw.ImageDraw, place: tuple[float, float], text: str, colour: Colour, size: tuple[int, int]
) -> None:
    """A name above a place, within the picture."""
    letters = font(_TEXT)
    width = canvas.textlength(text, font=letters)
    left = max(0.0, min(place[0], size[0] - width))
    top = place[1] - _TEXT - 5 if place[1] >= _TEXT + 5 else place[1]
    canvas.rectangle(canvas.textbbox((left, top), text, font=letters), fill=colour)
    canvas.text((left, top), text, fill="white", font=letters)


def _filled(
    picture: Image.Image, shape: dict[str, Any], scale: NDArray[np.float64], colour: Sequence[int]
) -> Image.Image:
    """The picture with an area tinted."""
    area = Image.new("L", picture.size, 0)
    if "counts" in shape:
        width, height = shape["size"]
        mask = run_length.decode(RunLength(width, height, np.array(shape["counts"], np.uint32)))
        area = Image.fromarray(mask.astype(np.uint8) * 120).resize(picture.size, Image.Resampling.NEAREST)
    else:
        canvas = ImageDraw.Draw(area)
        for ring in shape["rings"]:
            points = (np.array(ring).reshape(-1, 2) * scale).ravel().tolist()
            if len(points) >= 4:
                canvas.polygon(points, fill=120, outline=255)
    return Image.composite(Image.new("RGB", picture.size, tuple(colour)), picture, area)


def _with_mask(
    root: Path, kept: Kept, picture: Image.Image, own: tuple[int, int], classes: Sequence[str]
) -> Image.Image:
    if own[0] * own[1] > MASK_PIXELS:
        raise _too_large(root / kept.body["mask"], *own, MASK_PIXELS)
    target = ClassMap(kept.body["mask"], 0, 0, tuple(kept.body["values"]))
    layout.require_inside(root / target.path, root)
    whole = class_maps.class_map(root, Sample(kept.path, 0, 0, target), own, len(classes))
    small = np.asarray(Image.fromarray(whole).resize(picture.size, Image.Resampling.NEAREST))
    colours = np.array([hue(value) for value in range(256)], np.uint8)
    tinted = Image.fromarray(colours[small])
    drawn = Image.composite(tinted, picture, Image.fromarray(np.where(small > 0, 120, 0).astype(np.uint8)))
    canvas = ImageDraw.Draw(drawn)
    for value in np.unique(small)[:MOST_NAMED].tolist():
        if 0 < value < len(classes):
            row, column = (int(places[0]) for places in np.nonzero(small == value))
            _caption(canvas, (column, row), classes[value], hue(value), drawn.size)
    return drawn


def _too_large(path: Path, width: int, height: int, limit: int) -> pictures.Unreadable:
    return pictures.Unreadable(
        Sentence(
            gettext_noop("{path} has {width} × {height} pixels; previews show up to {limit} megapixels."),
            {"path": layout.shown(path.name), "width": width, "height": height, "limit": limit // 1_000_000},
        )
    )
