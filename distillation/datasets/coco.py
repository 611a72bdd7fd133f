"""COCO's JSON: one file for all pictures, or one a split; boxes, polygons and run-length masks in pixels.

The pictures are found by name wherever they lie below the root, whatever folder the file gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import assembling, file_index, json_files, layout, run_length
from distillation.datasets.assembling import Reading, Source
from distillation.datasets.class_names import ClassTable
from distillation.datasets.file_index import PictureIndex
from distillation.datasets.object_table import ObjectTable
from distillation.datasets.samples import DataSet
from distillation.datasets.text_files import read_text

NAME = "coco"
TASK_TYPES = ("detection", "segmentation")
MAX_BYTES = 2 << 30
_FOLDERS = ("", "annotations", "Annotations", "train", "val", "valid")
_SNIFFED = 1 << 16
_KEYS = ('"images"', '"annotations"', '"categories"')
_OTHERS = ('"shapes"', '"imagePath"')

Id = int | str


def applies(root: Path, task_type: str) -> bool:
    """Whether the folder holds a COCO file; looks at names and the beginning of JSON files with no picture beside."""
    return task_type in TASK_TYPES and root.is_dir() and bool(annotation_files(root))


def read(root: Path, val_root: Path | None, task_type: str) -> DataSet:
    """Read the data set at ``root``. Raises Refused."""
    return assembling.assemble(_read, NAME, root, val_root, task_type)


def annotation_files(root: Path) -> list[Path]:
    """The COCO files in ``root`` and its usual folders, sorted; key points and captions are not for us."""
    found = []
    for folder in (root / name for name in _FOLDERS):
        if not folder.is_dir():
            continue
        inside = sorted(folder.iterdir())
        stems = {path.stem for path in inside if path.suffix.lower() in layout.EXTENSIONS}
        found += [
            path
            for path in inside
            if path.suffix.lower() == ".json" and path.stem not in stems and path.is_file() and _looks_like_coco(path)
        ]
    return [path for path in found if not path.name.startswith(("captions", "person_keypoints", "."))]


def _looks_like_coco(path: Path) -> bool:
    with path.open("rb") as file:
        beginning = file.read(_SNIFFED).decode("utf-8", "replace")
    return any(key in beginning for key in _KEYS) and not any(key in beginning for key in _OTHERS)


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    text: str
    split: str
    images: dict[Id, dict[str, Any]]
    categories: dict[Id, str]


def _read(source: Source) -> Reading:
    files = list(_open_files(source))
    categories: dict[Id, str] = {}
    for file in files:
        for key, name in file.categories.items():
            if categories.setdefault(key, name) != name:
                raise _two_meanings(source.root, key, categories[key], name)
    table = ClassTable.build(
        dict(sorted(categories.items(), key=lambda item: (str(type(item[0])), item[0]))), source.task_type
    )
    if source.classes is not None:
        table = table.onto(source.classes)
    objects = ObjectTable(source.root, source.files, source.task_type, source.findings)
    index = PictureIndex(source.files)
    # Held out first: a picture that both files hold stays there.
    for file in sorted(files, key=lambda file: file.split == layout.TRAIN):
        if file.split == "test":
            for image in file.images.values():
                objects.pass_over(index.named_like(image["file_name"].replace("\\", "/")))
            continue
        numbers = _add_pictures(file, source, index, objects)
        _add_objects(file, source, table, objects, numbers)
    objects.note_unannotated()
    return Reading(table.names, objects.samples())


def _open_files(source: Source) -> Iterator[_File]:
    for path in annotation_files(source.root):
        split = _split(path, source.root)
        text = read_text(layout.require_inside(path, source.root), MAX_BYTES)
        images: dict[Id, dict[str, Any]] = {}
        categories: dict[Id, str] = {}
        for key, element in json_files.elements(path, text):
            if not isinstance(element, dict) or not _is_id(element.get("id")):
                continue
            if key == "images" and isinstance(element.get("file_name"), str):
                kept = {name: element.get(name) for name in ("file_name", "width", "height")}
                if images.setdefault(element["id"], kept) is not kept:
                    source.findings.note("twice", element["file_name"])
            elif key == "categories" and isinstance(element.get("name"), str):
                categories[element["id"]] = element["name"].strip()
        yield _File(path, text, split, images, categories)


def _split(path: Path, root: Path) -> str:
    """By folder, else by a word in the file's name."""
    if found := file_index.split_of(path.relative_to(root).as_posix()):
        return found
    name = path.stem.lower()
    if "val" in name:
        return layout.VAL
    return "test" if "test" in name else layout.TRAIN


def _is_id(value: Any) -> bool:
    return type(value) is int or isinstance(value, str)


def _add_pictures(file: _File, source: Source, index: PictureIndex, objects: ObjectTable) -> dict[Id, int]:
    """Numbers in the table by image id; pictures that cannot be used have none."""
    near = file.path.parent.relative_to(source.root).as_posix()
    numbers = {}
    for key, image in file.images.items():
        try:
            path = index.find(image["file_name"], near, file.split)
        except file_index.Ambiguous:
            source.findings.note("ambiguous", image["file_name"])
            continue
        if path is None:
            source.findings.note("missing_picture", image["file_name"])
            continue
        number = objects.add_picture(path, file.split, _annotated_size(image))
        if number is not None:
            numbers[key] = number
    return numbers


def _annotated_size(image: dict[str, Any]) -> tuple[int, int] | None:
    width, height = image["width"], image["height"]
    if type(width) is int and type(height) is int and width > 0 and height > 0:
        return width, height
    return None


def _add_objects(file: _File, source: Source, table: ClassTable, objects: ObjectTable, numbers: dict[Id, int]) -> None:
    for key, annotation in json_files.elements(file.path, file.text):
        if key != "annotations":
            continue
        image = annotation.get("image_id") if isinstance(annotation, dict) else None
        if not _is_id(image) or image not in file.images:
            source.findings.note("malformed", f"{file.path.name}: image_id {str(image)[:40]}")
        elif (number := numbers.get(image)) is not None:
            _add_object(annotation, number, f"{file.images[image]['file_name']}#{annotation.get('id')}", table, objects)


def _add_object(annotation: dict[str, Any], number: int, name: str, table: ClassTable, objects: ObjectTable) -> None:
    category = annotation.get("category_id")
    label = table.labels.get(category) if _is_id(category) else None
    if label is None:
        objects.reject(number, "unknown_class", f"{name} ({str(category)[:40]})")
    elif objects.outlined:
        _add_outline(annotation, number, label, name, objects)
    elif annotation.get("iscrowd"):
        objects.reject(number, "crowd", name)
    elif (box := _box(annotation)) is not None:
        objects.add_box(number, label, box, name)
    else:  # boxes may be absent where outlines are given
        _add_outline(annotation, number, label, name, objects)


def _add_outline(annotation: dict[str, Any], number: int, label: int, name: str, objects: ObjectTable) -> None:
    """By run lengths, polygons, or only a box, in this order."""
    segmentation = annotation.get("segmentation")
    if isinstance(segmentation, dict):
        runs = run_length.from_json(segmentation)
        if runs is None:
            objects.reject(number, "malformed", name)
        else:
            objects.add_runs(number, label, runs, name)
    elif segmentation:
        polygons = _polygons(segmentation)
        if polygons is None:
            objects.reject(number, "malformed", name)
        else:
            objects.add_polygons(number, label, polygons, name)
    elif (box := _box(annotation)) is not None:
        objects.add_box(number, label, box, name)
    else:
        objects.reject(number, "malformed", name)


def _polygons(value: Any) -> list[list[float]] | None:
    """A list of polygons, or one polygon written flat."""
    if not isinstance(value, list):
        return None
    if not isinstance(value[0], list):
        value = [value]
    polygons = [json_files.numbers(polygon) for polygon in value]
    if any(polygon is None or len(polygon) % 2 for polygon in polygons):
        return None
    return [polygon for polygon in polygons if polygon]


def _box(annotation: dict[str, Any]) -> tuple[float, float, float, float] | None:
    numbers = json_files.numbers(annotation.get("bbox"))
    if numbers is None or len(numbers) != 4:
        return None
    left, top, width, height = numbers
    return left, top, left + width, top + height


def _two_meanings(root: Path, key: Id, one: str, other: str) -> Refused:
    return Refused(
        Sentence(
            gettext_noop(
                "The COCO files of the data set {root} use category id {id} for {one} and for {other}. Give both files "
                "the same categories."
            ),
            {"root": layout.shown(root.name), "id": str(key), "one": layout.shown(one), "other": layout.shown(other)},
        )
    )
