"""What a data set holds, whatever its files look like: classes, splits of samples, and what was found wrong.

The readers of every layout end here; engine, previews and labelling begin here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from distillation.contract.sentence import Sentence
from distillation.datasets.shapes import PictureShapes, Shape

IGNORED = 255
"""The value of a class map's pixels that belong to nobody."""
BACKGROUND = "background"
"""Class 0 of a segmentation data set whose annotation marks objects only."""


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """The marked objects of one picture, in pixels of the upright picture (EXIF rotation applied)."""

    labels: NDArray[np.int64]
    """``[n]``, indices into the classes."""
    boxes: NDArray[np.float32]
    """``[n, 4]``: left, top, right, bottom; within the picture, of positive area."""
    shapes: Sequence[Shape] = ()
    """For segmentation: the outline or run lengths of each object. Empty where only boxes are wanted."""

    @property
    def boxed(self) -> bool:
        """Whether an object is marked by a box alone, so that nobody has said which pixels are its own."""
        shapes = self.shapes
        if isinstance(shapes, PictureShapes):
            return not shapes.outlines.boxed.isdisjoint(shapes.members.tolist())
        return len(self.labels) > len(shapes)


@dataclass(frozen=True, slots=True)
class ClassMap:
    """A picture's class of every pixel in a file; read by ``class_maps``."""

    path: str
    """Relative to the data set's root; a picture without losses, such as a PNG."""
    size: int
    mtime_ns: int
    values: tuple[int, ...] = ()
    """The file's value of each class: a grey value or palette index, or ``0xRRGGBB`` where it holds colours.

    Empty: the values are the class indices.
    """


Target = int | Objects | ClassMap | None
"""A class index, marked objects, a class map, or None for an unlabelled picture."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One picture."""

    path: str
    """Relative to the data set's root, with forward slashes."""
    size: int
    """Bytes."""
    mtime_ns: int
    """Time of the last change, nanoseconds since 1970."""
    target: Target


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of thing that is wrong with some samples; those samples or objects are left out."""

    kind: str
    """A stable word, such as ``missing``, ``empty``, ``out_of_range``, ``zero_area``, ``duplicate``."""
    count: int
    sentence: Sentence
    """Names the first of them and the remedy."""


@dataclass(frozen=True, slots=True, eq=False)
class DataSet:
    """A data set of pictures."""

    task_type: str
    layout: str
    """``folders``, ``list``, ``yolo``, ``coco``, ``voc``, ``labelme``, ``masks``, …"""
    root: Path
    val_root: Path
    """Where the paths of ``val`` start; usually the same as ``root``."""
    classes: tuple[str, ...]
    train: tuple[Sample, ...]
    val: tuple[Sample, ...]
    unlabeled: tuple[Sample, ...]
    findings: tuple[Finding, ...]
    split: str
    """``given``, or how ``val`` was taken from ``train`` (share and seed), for the record."""
    digest: str
    """SHA-256 over paths, sizes, times and targets: equal digests are equal data."""
