"""LabelMe: a JSON file for each picture, beside it or elsewhere, with named shapes in pixels."""

from __future__ import annotations

import base64
import io
import itertools
import math
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from distillation.contract.sentence import Refused
from distillation.datasets import assembling, file_index, json_files, layout, run_length
from distillation.datasets.assembling import Reading, Source
from distillation.datasets.class_names import NamedClasses
from distillation.datasets.file_index import PictureIndex
from distillation.datasets.label_map import read_label_map
from distillation.datasets.object_table import ObjectTable
from distillation.datasets.samples import DataSet

NAME = "labelme"
TASK_TYPES = ("detection", "segmentation")
MAX_BYTES = 256 << 20
"""LabelMe writes the whole picture into its file unless told otherwise."""
_SNIFFED = 1 << 16
_PEEKED = 8
_CIRCLE_SIDES = 64

Points = list[list[float]]


def applies(root: Path, task_type: str) -> bool:
    """Whether the folder holds LabelMe files; looks at the beginnings and ends of some."""
    if task_type not in TASK_TYPES:
        return False
    return any(_is_labelme(path) for path in itertools.islice(file_index.peek(root, {".json"}), _PEEKED))


def read(root: Path, val_root: Path | None, task_type: str) -> DataSet:
    """Read the data set at ``root``. Raises Refused."""
    return assembling.assemble(_read, NAME, root, val_root, task_type)


def _is_labelme(path: Path) -> bool:
    with path.open("rb") as file:
        beginning = file.read(_SNIFFED)
        file.seek(max(0, path.stat().st_size - _SNIFFED))  # behind the picture that the file may hold
        around = beginning + file.read(_SNIFFED)
    return b'"shapes"' in around and b'"categories"' not in around


def _read(source: Source) -> Reading:
    listed = read_label_map(source.root)
    classes = NamedClasses(source.classes or (listed.names if listed else None), source.task_type)
    index = PictureIndex(source.files)
    objects = ObjectTable(source.root, source.files, source.task_type, source.findings)
    for path in file_index.labelled_only(file_index.list_files(source.root, source.root, (".json",))):
        split = file_index.split_of(path) or layout.TRAIN
        if split == "test" or not _add(path, split, source, index, objects, classes):
            objects.pass_over(index.named_like(path))
    objects.note_unannotated()
    names, labels = classes.settle()
    objects.relabel(labels)
    return Reading(names, objects.samples())


def _add(
    path: str, split: str, source: Source, index: PictureIndex, objects: ObjectTable, classes: NamedClasses
) -> bool:
    """Add one file; False, noted, when it leads to no picture."""
    try:
        value = json_files.read_json(source.root / path, MAX_BYTES)
    except Refused:
        source.findings.note("unreadable_label", path)
        return False
    if not isinstance(value, dict) or not isinstance(value.get("shapes"), list):
        if "/" in path:  # in the root other JSON files may lie
            source.findings.note("unreadable_label", path)
        return False
    try:
        picture = _picture(value, path, split, index)
    except file_index.Ambiguous:
        source.findings.note("ambiguous", path)
        return False
    if picture is None:
        source.findings.note("missing_picture", path)
        return False
    number = objects.add_picture(picture, split, _annotated_size(value))
    if number is not None:
        for place, shape in enumerate(value["shapes"], 1):
            _add_shape(shape, number, f"{path}#{place}", objects, classes)
    return True


def _picture(value: dict[str, Any], path: str, split: str, index: PictureIndex) -> str | None:
    """The picture that the file names, else the one of the file's own name."""
    place = PurePosixPath(path)
    near = place.parent.as_posix()
    given = value.get("imagePath")
    if isinstance(given, str) and given and (found := index.find(given, near, split)) is not None:
        return found
    return index.find_stem(place.with_suffix("").as_posix(), near, split)


def _annotated_size(value: dict[str, Any]) -> tuple[int, int] | None:
    width, height = value.get("imageWidth"), value.get("imageHeight")
    if type(width) is int and type(height) is int and width > 0 and height > 0:
        return width, height
    return None


def _add_shape(shape: Any, number: int, name: str, objects: ObjectTable, classes: NamedClasses) -> None:
    if not isinstance(shape, dict) or not isinstance(shape.get("label"), str) or not shape["label"].strip():
        objects.reject(number, "malformed", name)
        return
    add = _SHAPES.get(str(shape.get("shape_type") or "polygon"))
    if add is None:
        objects.reject(number, "unsupported_shape", f"{name} ({str(shape['shape_type'])[:40]})")
    elif (points := _points(shape.get("points"))) is None:
        objects.reject(number, "malformed", name)
    elif (label := classes.label(shape["label"].strip())) is None:
        objects.reject(number, "unknown_class", f"{name} ({shape['label'][:40]})")
    else:
        add(shape, points, number, label, name, objects)


def _points(value: Any) -> Points | None:
    if not isinstance(value, list) or len(value) < 2:
        return None
    points = [json_files.numbers(point) for point in value]
    if any(point is None or len(point) != 2 for point in points):
        return None
    return [point for point in points if point]


def _polygon(shape: Any, points: Points, number: int, label: int, name: str, objects: ObjectTable) -> None:
    objects.add_polygons(number, label, [[side for point in points for side in point]], name)


def _rectangle(shape: Any, points: Points, number: int, label: int, name: str, objects: ObjectTable) -> None:
    """Two opposite corners in any order, or all four."""
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    objects.add_box(number, label, (min(xs), min(ys), max(xs), max(ys)), name)


def _circle(shape: Any, points: Points, number: int, label: int, name: str, objects: ObjectTable) -> None:
    """Its centre and a point on it."""
    (x, y), (edge_x, edge_y) = points[:2]
    radius = math.hypot(edge_x - x, edge_y - y)
    angles = [2 * math.pi * side / _CIRCLE_SIDES for side in range(_CIRCLE_SIDES)]
    flat = [side for angle in angles for side in (x + radius * math.cos(angle), y + radius * math.sin(angle))]
    objects.add_polygons(number, label, [flat], name)


def _mask(shape: Any, points: Points, number: int, label: int, name: str, objects: ObjectTable) -> None:
    """A PNG as text, whose upper left corner is the first point."""
    try:
        with Image.open(io.BytesIO(base64.b64decode(shape["mask"], validate=True)), formats=["PNG"]) as image:
            patch = np.asarray(image.convert("L")) > 0
        left, top = round(points[0][0]), round(points[0][1])
        width, height = objects.size(number)
        whole = np.zeros((height, width), dtype=np.bool_)
        rows, columns = whole[top : top + patch.shape[0], left : left + patch.shape[1]].shape
        if top < 0 or left < 0 or (rows, columns) != patch.shape:
            objects.reject(number, "out_of_range", name)
            return
        whole[top : top + rows, left : left + columns] = patch
    except (KeyError, TypeError, ValueError, OverflowError, OSError, SyntaxError, Image.DecompressionBombError):
        objects.reject(number, "malformed", name)
        return
    objects.add_runs(number, label, run_length.encode(whole), name)


_SHAPES: dict[str, Callable[[Any, Points, int, int, str, ObjectTable], None]] = {
    "polygon": _polygon,
    "rotation": _polygon,
    "rectangle": _rectangle,
    "circle": _circle,
    "mask": _mask,
}
