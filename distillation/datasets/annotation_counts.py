"""Counts of annotated pictures (YOLO, COCO, VOC, LabelMe, masks), from the names of files and small label files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath

from distillation.contract.sentence import Refused
from distillation.datasets import (
    coco,
    counts,
    file_index,
    json_files,
    labelme,
    layout,
    masks,
    voc,
    voc_xml,
    yolo,
    yolo_config,
    yolo_pictures,
)
from distillation.datasets.assembling import Source
from distillation.datasets.class_names import BACKGROUND_NAMES, ClassTable
from distillation.datasets.counts import Counts
from distillation.datasets.file_index import Entry
from distillation.datasets.findings import Findings
from distillation.datasets.label_map import read_label_map
from distillation.datasets.picture_lists import PictureLists
from distillation.datasets.samples import BACKGROUND
from distillation.datasets.text_files import read_text

MAX_FILES = 2_000
"""Label files that are read for the names of classes at most; of more the classes stay unknown."""

Found = tuple[tuple[str, ...], dict[str, int]]
"""Classes, and pictures by split."""


def count(name: str, root: Path, val_root: Path, task_type: str) -> Counts:
    """Count the data set at ``root``, laid out as ``name``. Raises Refused and OSError."""
    classes, pictures = _COUNTERS[name](root, task_type)
    train, val = pictures.get(layout.TRAIN, 0), pictures.get(layout.VAL)
    if val_root.resolve() != root.resolve():
        other = _COUNTERS[name](val_root, task_type)[1]
        val = other.get(layout.VAL) or other.get(layout.TRAIN, 0)
    elif val is None:
        val = counts.held_out({"": train})[""]
        train -= val
    return Counts(classes, train, val, counts.unlabeled_pictures(root))


def _yolo(root: Path, task_type: str) -> Found:
    config = yolo_config.read_config(root)
    labels = file_index.labelled_only(file_index.list_files(root, root, (".txt",)))
    files = file_index.labelled_only(file_index.list_files(root, root))
    by_split = yolo_pictures.by_split(Source(root, files, task_type, Findings()), config)
    pictures = {
        split: sum(not labels.keys().isdisjoint(yolo_pictures.label_paths(path)) for path in paths)
        for split, paths in by_split.items()
    }
    return ClassTable.build(config.names, task_type).names if config.names else (), pictures


def _coco(root: Path, task_type: str) -> Found:
    pictures: Counter[str] = Counter()
    categories: dict[int | str, str] = {}
    for path in coco.annotation_files(root):
        stat = layout.require_inside(path, root).stat()
        if stat.st_size > counts.MAX_BYTES:
            return (), {}
        images, names = _coco_file(path, stat.st_size, stat.st_mtime_ns)
        pictures[coco._split(path, root)] += images
        categories |= names
    ordered = dict(sorted(categories.items(), key=lambda item: (str(type(item[0])), item[0])))
    return ClassTable.build(ordered, task_type).names, dict(pictures)


@lru_cache(maxsize=64)
def _coco_file(path: Path, size: int, mtime_ns: int) -> tuple[int, dict[int | str, str]]:
    """Number of pictures, and names of categories by id; size and time tell one state of the file from another."""
    images, names = 0, {}
    for key, element in json_files.elements(path, read_text(path, counts.MAX_BYTES)):
        images += key == "images"
        if key == "categories" and isinstance(element, dict) and isinstance(element.get("name"), str):
            names[element.get("id", "")] = element["name"].strip()
    return images, names


def _voc(root: Path, task_type: str) -> Found:
    return _one_file_a_picture(root, task_type, ".xml", PictureLists.read(root, "Main"), _names_in_xml)


def _labelme(root: Path, task_type: str) -> Found:
    return _one_file_a_picture(root, task_type, ".json", PictureLists({}), _names_in_json)


def _one_file_a_picture(
    root: Path, task_type: str, suffix: str, lists: PictureLists, names_in: Callable[[Path], Iterable[str]]
) -> Found:
    files = file_index.labelled_only(file_index.list_files(root, root, (suffix,)))
    files.pop("dataset.json", None)
    listed = read_label_map(root)
    names = listed.names if listed else _met(root, tuple(files.items()), names_in)
    classes = ClassTable.of_names(names, task_type).names if names else ()
    return classes, dict(Counter(map(lists.split_of, files)))


@lru_cache(maxsize=64)
def _met(
    root: Path, files: tuple[tuple[str, Entry], ...], names_in: Callable[[Path], Iterable[str]]
) -> tuple[str, ...]:
    """The names in label files, sorted; none when there are too many files to read them all here."""
    if len(files) > MAX_FILES or sum(entry.size for _, entry in files) > counts.MAX_BYTES:
        return ()
    return tuple(sorted({name for path, _ in files for name in _readable(names_in, root / path)}))


def _readable(names_in: Callable[[Path], Iterable[str]], path: Path) -> Iterator[str]:
    try:
        yield from names_in(path)
    except Refused:
        return  # a finding of the run


def _names_in_xml(path: Path) -> Iterator[str]:
    return (marked.name for marked in voc_xml.read_annotation(path).objects if marked.name)


def _names_in_json(path: Path) -> Iterator[str]:
    value = json_files.read_json(path, counts.MAX_BYTES)
    shapes = value.get("shapes") if isinstance(value, dict) else None
    for shape in shapes if isinstance(shapes, list) else ():
        if isinstance(shape, dict) and isinstance(shape.get("label"), str) and shape["label"].strip():
            yield shape["label"].strip()


def _masks(root: Path, task_type: str) -> Found:
    lists = PictureLists.read(root, "Segmentation")
    files = file_index.labelled_only(file_index.list_files(root, root))
    pictures = (path for path in files if masks.PICTURE_FOLDERS & set(PurePosixPath(path.lower()).parts[:-1]))
    listed = read_label_map(root)
    names = listed.names if listed else ()
    if names and names[0].lower() not in BACKGROUND_NAMES:
        names = (BACKGROUND, *names)
    return names, dict(Counter(map(lists.split_of, pictures)))


_COUNTERS: dict[str, Callable[[Path, str], Found]] = {
    yolo.NAME: _yolo,
    coco.NAME: _coco,
    voc.NAME: _voc,
    labelme.NAME: _labelme,
    masks.NAME: _masks,
}
