"""Pascal VOC: an XML file for each picture with boxes in pixels, and lists of what is for training and validation.

Coordinates are taken as they are written: today's tools count from 0, the first VOC sets from 1.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from distillation.contract.sentence import Refused
from distillation.datasets import assembling, file_index, layout
from distillation.datasets.assembling import Reading, Source
from distillation.datasets.class_names import NamedClasses
from distillation.datasets.file_index import PictureIndex
from distillation.datasets.label_map import read_label_map
from distillation.datasets.object_table import ObjectTable
from distillation.datasets.picture_lists import PictureLists
from distillation.datasets.samples import DataSet
from distillation.datasets.voc_xml import VocAnnotation, VocObject, read_annotation

NAME = "voc"
TASK_TYPES = ("detection",)


def applies(root: Path, task_type: str) -> bool:
    """Whether the folder looks like a VOC data set; looks at names of some files only."""
    return task_type in TASK_TYPES and any(file_index.peek(root, {".xml"}))


def read(root: Path, val_root: Path | None, task_type: str) -> DataSet:
    """Read the data set at ``root``. Raises Refused."""
    return assembling.assemble(_read, NAME, root, val_root, task_type)


def _read(source: Source) -> Reading:
    listed = read_label_map(source.root)
    classes = NamedClasses(source.classes or (listed.names if listed else None), source.task_type)
    index = PictureIndex(source.files)
    lists = PictureLists.read(source.root, "Main")
    objects = ObjectTable(source.root, source.files, source.task_type, source.findings)
    for path in file_index.labelled_only(file_index.list_files(source.root, source.root, (".xml",))):
        split = lists.split_of(path)
        if split == "unlisted":
            source.findings.note("unlisted", path)
        if split not in (layout.TRAIN, layout.VAL) or not _add(path, split, source, index, objects, classes):
            objects.pass_over(index.named_like(path))
    objects.note_unannotated()
    names, labels = classes.settle()
    objects.relabel(labels)
    return Reading(names, objects.samples())


def _add(
    path: str, split: str, source: Source, index: PictureIndex, objects: ObjectTable, classes: NamedClasses
) -> bool:
    """Add one annotation; False, noted, when it leads to no picture."""
    try:
        annotation = read_annotation(source.root / path)
    except Refused:
        source.findings.note("unreadable_label", path)
        return False
    try:
        picture = _picture(annotation, path, split, index)
    except file_index.Ambiguous:
        source.findings.note("ambiguous", path)
        return False
    if picture is None:
        source.findings.note("missing_picture", path)
        return False
    number = objects.add_picture(picture, split, annotation.size())
    if number is not None:
        for place, marked in enumerate(annotation.objects, 1):
            _add_object(marked, number, f"{path}#{place}", objects, classes)
    return True


def _add_object(marked: VocObject, number: int, name: str, objects: ObjectTable, classes: NamedClasses) -> None:
    box = marked.box()
    if box is None or not marked.name:
        objects.reject(number, "malformed", name)
    elif (label := classes.label(marked.name)) is None:
        objects.reject(number, "unknown_class", f"{name} ({marked.name})")
    else:
        objects.add_box(number, label, box, name)


def _picture(annotation: VocAnnotation, path: str, split: str, index: PictureIndex) -> str | None:
    """The picture that the annotation names, else the one of the annotation file's own name."""
    place = PurePosixPath(path)
    near = place.parent.as_posix()
    stem = place.with_suffix("").as_posix()
    named = annotation.filename
    if named and _stem(named) == place.stem and (found := index.find(named, near, split)) is not None:
        return found
    return index.find_stem(stem, near, split) or (index.find(named, near, split) if named else None)


def _stem(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).stem
