"""YOLO labels: a text file for each picture, a line for each object, in shares of the picture's sides.

``class x y width height`` marks a box by its centre, ``class x1 y1 x2 y2 x3 y3 …`` a polygon; a file may hold both.
"""

from __future__ import annotations

from pathlib import Path

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import assembling, file_index, layout, yolo_pictures
from distillation.datasets.assembling import Reading, Source
from distillation.datasets.class_names import MAX_CLASSES, ClassTable
from distillation.datasets.file_index import Entry
from distillation.datasets.object_table import ObjectTable
from distillation.datasets.samples import BACKGROUND, DataSet
from distillation.datasets.text_files import lines, read_text
from distillation.datasets.yolo_config import YoloConfig, config_file, read_config

NAME = "yolo"
TASK_TYPES = ("detection", "segmentation")


def applies(root: Path, task_type: str) -> bool:
    """Whether the folder looks like a YOLO data set; looks at names in ``root`` and one folder further only."""
    if task_type not in TASK_TYPES or not root.is_dir():
        return False
    if config_file(root) is not None:
        return True
    names = {path.name.lower(): path for path in root.iterdir()}
    label_folders = [root / "labels", *(folder / "labels" for folder in names.values() if folder.is_dir())]
    if any(any(file_index.peek(folder, {".txt"})) for folder in label_folders):
        return True
    return any(Path(name).suffix in layout.EXTENSIONS and Path(name).stem + ".txt" in names for name in names)


def read(root: Path, val_root: Path | None, task_type: str) -> DataSet:
    """Read the data set at ``root``. Raises Refused."""
    return assembling.assemble(_read, NAME, root, val_root, task_type)


def _read(source: Source) -> Reading:
    config = read_config(source.root)
    labels = file_index.labelled_only(file_index.list_files(source.root, source.root, (".txt",)))
    pictures = yolo_pictures.by_split(source, config)
    table = _class_table(source, config, labels, pictures)
    objects = ObjectTable(source.root, source.files, source.task_type, source.findings)
    reader = _LabelReader(source, objects, table, config.box_only)
    for split, paths in pictures.items():
        for path, label in yolo_pictures.pairs(paths, source, labels):
            reader.read(path, label, split)
    yolo_pictures.note_orphans(labels, source)
    if source.task_type == "segmentation" and reader.boxes and not reader.polygons:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The YOLO labels of the data set {root} mark boxes only; segmentation needs polygons (class x1 y1 "
                    "x2 y2 x3 y3 …). Export polygons, or make it a detection task."
                ),
                {"root": layout.shown(source.root.name)},
            )
        )
    return Reading(table.names, objects.samples())


def _class_table(
    source: Source, config: YoloConfig, labels: dict[str, Entry], pictures: dict[str, list[str]]
) -> ClassTable:
    names = config.names
    if names is None and source.classes is not None:
        names = dict(enumerate(name for name in source.classes if name != BACKGROUND))
    if names is None:
        found = {label for paths in pictures.values() for path in paths for label in yolo_pictures.label_paths(path)}
        names = {number: str(number) for number in range(_highest(source, found & set(labels)) + 1)}
    table = ClassTable.build(names, source.task_type)
    return table if source.classes is None else table.onto(source.classes)


def _highest(source: Source, labels: set[str]) -> int:
    """The highest class id in the labels, where no file gives names; -1 when there is none."""
    highest = -1
    for label in labels:
        try:
            text = read_text(source.root / label)
        except Refused:
            continue  # noted when the label is read for its objects
        ids = (_class_id(line.split(maxsplit=1)[0]) for line in lines(text))
        highest = max(highest, max((found for found in ids if found is not None and found < MAX_CLASSES), default=-1))
    return highest


class _LabelReader:
    """Reads label files into the table of objects."""

    def __init__(self, source: Source, objects: ObjectTable, classes: ClassTable, box_only: bool) -> None:
        self._source = source
        self._objects = objects
        self._labels = classes.labels
        self._box_only = box_only
        self.boxes = self.polygons = 0

    def read(self, picture: str, label: str, split: str) -> None:
        try:
            text = read_text(self._source.root / label)
        except Refused:
            self._source.findings.note("unreadable_label", label)
            return
        number = self._objects.add_picture(picture, split)
        if number is None:
            return
        for place, line in enumerate(text.splitlines(), 1):
            if values := line.split():
                self._add(number, values, f"{label}:{place}")

    def _add(self, number: int, values: list[str], name: str) -> None:
        class_id, numbers = _class_id(values[0]), _numbers(values[1:])
        if class_id is None or numbers is None or len(numbers) < 4:
            self._objects.reject(number, "malformed", name)
        elif (known := self._labels.get(class_id)) is None:
            self._objects.reject(number, "unknown_class", f"{name} ({class_id})")
        elif len(numbers) in (4, 5) or self._box_only:  # five: a confidence or a track's number follows the box
            self._add_box(number, known, numbers, name)
        elif len(numbers) % 2:
            self._objects.reject(number, "malformed", name)
        else:
            self.polygons += 1
            sides = self._objects.size(number)
            scaled = [value * sides[place % 2] for place, value in enumerate(numbers)]
            self._objects.add_polygons(number, known, [scaled], name)

    def _add_box(self, number: int, label: int, numbers: list[float], name: str) -> None:
        self.boxes += 1
        width, height = self._objects.size(number)
        x, y, half_width, half_height = numbers[0], numbers[1], numbers[2] / 2, numbers[3] / 2
        box = (x - half_width) * width, (y - half_height) * height, (x + half_width) * width, (y + half_height) * height
        self._objects.add_box(number, label, box, name)


def _class_id(text: str) -> int | None:
    """``3`` and ``3.0`` (some tools write floats) are class 3."""
    numbers = _numbers([text])
    if numbers is None or not 0 <= numbers[0] < 1 << 31 or numbers[0] % 1:
        return None
    return int(numbers[0])


def _numbers(texts: list[str]) -> list[float] | None:
    try:
        return [float(text) for text in texts]
    except ValueError:
        return None
