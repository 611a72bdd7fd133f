"""Pictures and their marked objects, collected in flat columns while annotation files are read.

Every object is checked here, whatever format it came in, so that all formats are judged alike.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from operator import mul
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from distillation.datasets import run_length
from distillation.datasets.file_index import Entry
from distillation.datasets.findings import Findings
from distillation.datasets.pictures import Unreadable, upright_size
from distillation.datasets.samples import Objects, Sample
from distillation.datasets.shapes import Outlines, PictureShapes, RunLength

Box = tuple[float, float, float, float]
Flat = Sequence[float]
"""A polygon as x, y, x, y, …"""

TOLERANCE = 1.0
"""Pixels by which an object may reach over the edge unmentioned: tools round and count from 0 or 1."""
MIN_SIDE = 0.01
"""Pixels; a box with a shorter side has no area. Far above what float32 resolves at the largest pictures."""
MIN_AREA = MIN_SIDE**2


class ObjectTable:
    """Collects; then :meth:`samples` makes the samples of each split."""

    def __init__(self, root: Path, files: dict[str, Entry], task_type: str, findings: Findings) -> None:
        self._root = root
        self._files = files
        self.outlined = task_type == "segmentation"
        """Whether shapes are kept, or boxes only."""
        self._findings = findings
        self._paths: list[str] = []
        self._splits: list[str] = []
        self._sizes: list[tuple[int, int]] = []
        self._marked = array("q")  # objects met in each picture, the bad ones included
        self._named: set[str] = set()
        self._seen: set[str] = set()
        self._pictures = array("q")
        self._labels = array("q")
        self._boxes = array("f")
        self._points = array("f")
        self._ring_ends = array("q", [0])
        self._object_ends = array("q", [0])
        self._runs: dict[int, RunLength] = {}
        self._boxed: set[int] = set()

    def add_picture(self, path: str, split: str, annotated: tuple[int, int] | None = None) -> int | None:
        """Take a picture into ``split`` and return its number; None when it is noted as unusable and left out.

        ``annotated``: the width and height that the annotation was made at, where it says so.
        """
        if path in self._named:
            self._findings.note("twice", path)
            return None
        self._named.add(path)
        self._seen.add(path)
        size = self._size(path)
        if size is None:
            return None
        if annotated is not None and annotated != size:
            self._findings.note("size_differs", path)
            return None
        number = len(self._paths)
        self._paths.append(path)
        self._splits.append(split)
        self._sizes.append(size)
        self._marked.append(0)
        return number

    def pass_over(self, paths: Iterable[str]) -> None:
        """Do not call these pictures unannotated: what is amiss with them was noted, or they are for tests."""
        self._seen.update(paths)

    def note_unannotated(self) -> None:
        """Note the pictures that nobody named although they lie in a folder from which others were named."""
        folders = {PurePosixPath(path).parent for path in self._seen}
        for path in self._files:
            if path not in self._seen and PurePosixPath(path).parent in folders:
                self._findings.note("missing_label", path)

    def size(self, number: int) -> tuple[int, int]:
        """Width and height of a picture, upright."""
        return self._sizes[number]

    def reject(self, number: int, kind: str, name: str) -> None:
        """Leave out one object of a picture."""
        self._marked[number] += 1
        self._findings.note(kind, name)

    def add_polygons(self, number: int, label: int, polygons: Sequence[Flat], name: str) -> None:
        """Add an object with outlines; ``name`` is what a finding calls it."""
        if not all(math.isfinite(sum(map(abs, polygon))) for polygon in polygons):
            self.reject(number, "not_a_number", name)
            return
        solid = [polygon for polygon in polygons if len(polygon) >= 6 and not _area(polygon) <= MIN_AREA]
        if not solid:
            self.reject(number, "zero_area", name)
            return
        around = bounds(solid)
        box = self._admitted(number, around, name)
        if box is None:
            return
        self._add(number, label, box)
        if self.outlined:
            self._add_rings(solid, None if box == around else self._sizes[number])

    def add_box(self, number: int, label: int, box: Box, name: str) -> None:
        """Add an object that is marked by a box; in segmentation the box is its outline, and that is noted."""
        admitted = self._admitted(number, box, name)
        if admitted is None:
            return
        if self.outlined:
            self._boxed.add(len(self._labels))
        self._add(number, label, admitted)
        if self.outlined:
            self._findings.note("rectangle", name)
            left, top, right, bottom = admitted
            self._add_rings([(left, top, right, top, right, bottom, left, bottom)], None)

    def add_runs(self, number: int, label: int, runs: RunLength, name: str) -> None:
        """Add an object with a run-length mask of the whole picture."""
        if (runs.width, runs.height) != self._sizes[number]:
            self.reject(number, "out_of_range", name)
            return
        box = self._admitted(number, run_length.box(runs), name)
        if box is None:
            return
        if self.outlined:
            self._runs[len(self._labels)] = runs
        self._add(number, label, box)
        if self.outlined:
            self._add_rings([], None)

    def relabel(self, labels: Sequence[int]) -> None:
        """Replace every label ``i`` by ``labels[i]``."""
        self._labels = array("q", (labels[label] for label in self._labels))

    def samples(self) -> dict[str, list[Sample]]:
        """The usable pictures by split, each split sorted by path."""
        kept = np.array(self._pictures, dtype=np.int64)
        order = np.argsort(kept, kind="stable")
        ends = np.searchsorted(kept[order], np.arange(len(self._paths) + 1))
        by_split: dict[str, list[Sample]] = {}
        targets = self._targets(order, ends)
        for path, split, marked, target in zip(self._paths, self._splits, self._marked, targets, strict=True):
            if marked and not len(target.labels):
                self._findings.note("nothing_left", path)
                continue
            if not marked:
                self._findings.note("empty", path)
            by_split.setdefault(split, []).append(self._files[path].sample(path, target))
        for found in by_split.values():
            found.sort(key=lambda sample: sample.path)
        return by_split

    def _targets(self, order: NDArray[np.int64], ends: NDArray[np.int64]) -> Iterator[Objects]:
        labels = np.array(self._labels, dtype=np.int64)[order]
        boxes = np.array(self._boxes, dtype=np.float32).reshape(-1, 4)[order]
        outlines = Outlines(
            np.array(self._points, dtype=np.float32).reshape(-1, 2),
            np.array(self._ring_ends, dtype=np.int64),
            np.array(self._object_ends, dtype=np.int64),
            self._runs,
            self._boxed,
        )
        for first, last in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
            shapes = PictureShapes(outlines, order[first:last]) if self.outlined else ()
            yield Objects(labels[first:last], boxes[first:last], shapes)

    def _size(self, path: str) -> tuple[int, int] | None:
        if not self._files[path].size:
            self._findings.note("empty_picture", path)
            return None
        try:
            return upright_size(self._root / path)
        except Unreadable:
            self._findings.note("unreadable_picture", path)
            return None

    def _admitted(self, number: int, box: Box, name: str) -> Box | None:
        """The box within the picture; None, noted, when it cannot be used."""
        left, top, right, bottom = box
        width, height = self._sizes[number]
        inside = (max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height)))
        if not all(map(math.isfinite, box)):
            self.reject(number, "not_a_number", name)
        elif _flat(box):
            self.reject(number, "zero_area", name)
        elif _elsewhere(box, width, height) or _flat(inside):
            self.reject(number, "out_of_range", name)
        else:
            if max(abs(one - other) for one, other in zip(box, inside, strict=True)) > TOLERANCE:
                self._findings.note("clipped", name)
            return inside
        return None

    def _add(self, number: int, label: int, box: Box) -> None:
        self._marked[number] += 1
        self._pictures.append(number)
        self._labels.append(label)
        self._boxes.extend(box)

    def _add_rings(self, polygons: Sequence[Flat], limits: tuple[int, int] | None) -> None:
        """Keep rings; ``limits``: width and height to cut them at, where they reach beyond."""
        for polygon in polygons:
            if limits is not None:
                polygon = [min(max(value, 0.0), limits[place % 2]) for place, value in enumerate(polygon)]
            self._points.extend(polygon)
            self._ring_ends.append(len(self._points) // 2)
        self._object_ends.append(len(self._ring_ends) - 1)


def bounds(polygons: Sequence[Flat]) -> Box:
    """The box around polygons of finite points."""
    return (
        min(min(polygon[0::2]) for polygon in polygons),
        min(min(polygon[1::2]) for polygon in polygons),
        max(max(polygon[0::2]) for polygon in polygons),
        max(max(polygon[1::2]) for polygon in polygons),
    )


def _flat(box: Box) -> bool:
    left, top, right, bottom = box
    return not (right - left >= MIN_SIDE and bottom - top >= MIN_SIDE)


def _elsewhere(box: Box, width: int, height: int) -> bool:
    """Whether a box is no mark on this picture: its centre is outside, or it is larger than the picture."""
    left, top, right, bottom = box
    beside = not (0 <= (left + right) / 2 <= width and 0 <= (top + bottom) / 2 <= height)
    return beside or right - left > width + 2 * TOLERANCE or bottom - top > height + 2 * TOLERANCE


def _area(polygon: Flat) -> float:
    """By the shoelace formula, in square pixels, relative to the first point so that no digits are lost."""
    x0, y0 = polygon[:2]
    xs, ys = [x - x0 for x in polygon[0::2]], [y - y0 for y in polygon[1::2]]
    doubled: float = sum(map(mul, xs, ys[1:])) - sum(map(mul, ys, xs[1:]))
    return abs(doubled) / 2  # the last side ends in the origin
