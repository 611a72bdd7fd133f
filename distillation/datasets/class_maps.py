"""The class of every pixel of a picture, from outlines, run lengths or a mask file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.datasets import pictures, run_length
from distillation.datasets.layout import shown
from distillation.datasets.samples import IGNORED, ClassMap, Objects, Sample
from distillation.datasets.shapes import RunLength, Shape

_GREY = frozenset({"1", "L", "P"})


def class_map(root: Path, sample: Sample, size: tuple[int, int], classes: int) -> NDArray[np.uint8]:
    """Draw the classes of a sample's pixels: ``uint8 [height, width]``, IGNORED (255) where nobody knows.

    ``size``: width and height of the picture, upright. ``classes``: their number. A sample of Objects has class 0,
    the background, where nothing is marked; where objects overlap, the smaller one is in front. Raises Unreadable
    when a mask file cannot be read, has another size or holds a value that no class has.
    """
    if isinstance(sample.target, ClassMap):
        return _from_file(root / sample.target.path, sample.target, size, classes)
    if isinstance(sample.target, Objects):
        return draw(sample.target, size)
    raise TypeError(f"{sample.path} has no objects and no class map")


def draw(objects: Objects, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Draw marked objects over background: ``uint8 [height, width]``; ``size`` is width and height."""
    width, height = size
    drawn = np.zeros((height, width), dtype=np.uint8)
    patches = [_patch(shape, size) for shape in objects.shapes]
    areas = np.array([np.count_nonzero(mask) for _, _, mask in patches])
    for number in np.argsort(-areas, kind="stable").tolist():
        top, left, mask = patches[number]
        drawn[top : top + mask.shape[0], left : left + mask.shape[1]][mask] = objects.labels[number]
    return drawn


def shape_mask(shape: Shape, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Fill one object: ``bool [height, width]``; a pixel is inside when its centre is."""
    width, height = size
    inside = np.zeros((height, width), dtype=np.bool_)
    top, left, mask = _patch(shape, size)
    inside[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    return inside


def _patch(shape: Shape, size: tuple[int, int]) -> tuple[int, int, NDArray[np.bool_]]:
    """Top, left and the part of a mask around its object: many objects of a large picture must fit in memory."""
    if isinstance(shape, RunLength):
        left, top, right, bottom = (int(side) for side in run_length.box(shape))
        return top, left, run_length.decode(shape)[top:bottom, left:right].copy()
    points = np.concatenate(shape).astype(np.float64)
    corner = np.clip(np.floor(points.min(0)), 0, size).astype(np.int64)
    end = np.clip(np.ceil(points.max(0)), corner, size).astype(np.int64)
    inside = np.zeros((end - corner)[::-1], dtype=np.bool_)
    for ring in shape:
        _fill(inside, ring.astype(np.float64) - corner)
    return int(corner[1]), int(corner[0]), inside


def read_values(path: Path) -> NDArray[np.int64]:
    """The values of a mask file, upright: ``int64 [height, width]``, grey values, palette indices or ``0xRRGGBB``.

    A file of colours that are all grey gives grey values. Raises Unreadable.
    """
    pictures.upright_size(path)  # the limit of pixels
    try:
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image)
            if upright.mode in _GREY or upright.mode.startswith("I"):
                return np.asarray(upright).astype(np.int64)
            channels = np.asarray(upright.convert("RGB")).astype(np.int64)
    except pictures.FAILURES as error:
        raise pictures.unreadable(path, error) from error
    red, green, blue = channels[..., 0], channels[..., 1], channels[..., 2]
    if (red == green).all() and (green == blue).all():
        return red
    return red << 16 | green << 8 | blue


def _from_file(path: Path, target: ClassMap, size: tuple[int, int], classes: int) -> NDArray[np.uint8]:
    values = read_values(path)
    if values.shape != (size[1], size[0]):
        raise _unusable(path, f"{values.shape[1]} × {values.shape[0]}")
    if not target.values:
        if (strange := (values < 0) | (values >= classes) & (values != IGNORED)).any():
            raise _unusable(path, str(values[strange][0]))
        return values.astype(np.uint8)
    table = np.asarray(target.values)
    order = np.argsort(table)
    found = np.searchsorted(table[order], values).clip(max=len(table) - 1)
    known = table[order][found] == values
    return np.where(known, order[found], IGNORED).astype(np.uint8)


def _fill(inside: NDArray[np.bool_], ring: NDArray[np.float64]) -> None:
    """Set the pixels whose centres lie within a polygon ``[k, 2]``, by the even-odd rule along each row."""
    height, width = inside.shape
    start, end = ring, np.roll(ring, -1, axis=0)
    upper, lower = np.minimum(start[:, 1], end[:, 1]), np.maximum(start[:, 1], end[:, 1])
    # Rows whose centre y + 0.5 is in [upper, lower): half open, so that a corner on a row counts once.
    first = np.clip(np.ceil(upper - 0.5), 0, height).astype(np.int64)
    last = np.clip(np.ceil(lower - 0.5), 0, height).astype(np.int64)
    counts = last - first
    if not counts.any():
        return
    edges = np.repeat(np.arange(len(ring)), counts)
    rows = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[edges]
    slopes = (rows + 0.5 - start[edges, 1]) / (end[edges, 1] - start[edges, 1])
    crossings = start[edges, 0] + slopes * (end[edges, 0] - start[edges, 0])
    columns = np.clip(np.ceil(crossings - 0.5), 0, width).astype(np.int64)
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    toggles = np.zeros((bottom - top, right - left), dtype=np.int64)
    np.add.at(toggles, (rows - top, columns - left), 1)
    filled = np.cumsum(toggles, axis=1) % 2 == 1
    inside[top:bottom, left:right] |= filled[:, : inside.shape[1] - left]


def _unusable(path: Path, found: str) -> pictures.Unreadable:
    return pictures.Unreadable(
        Sentence(
            gettext_noop("The mask {path} does not fit its picture or its classes (it holds {found}). Correct it."),
            {"path": shown(path.name), "found": found},
        )
    )
