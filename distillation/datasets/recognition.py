"""Which layout a data set has, and its reader. The one door through which engine and web come to data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import cast

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import (
    class_lists,
    coco,
    description,
    folders,
    labelme,
    layout,
    masks,
    sequences,
    text_files,
    texts,
    voc,
    yolo,
)
from distillation.datasets.samples import DataSet
from distillation.datasets.sequences import SequenceData
from distillation.datasets.texts import TextData

AnyData = DataSet | SequenceData | TextData
PICTURE_TASKS = ("classification", "detection", "segmentation")
_LOOKED_AT = 5
"""Label files that tell boxes from polygons."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What the data set at a folder is for, and how it lies there."""

    task_types: tuple[str, ...]
    """Every type of task that the files can serve, the likeliest first."""
    layout: str

    @property
    def task_type(self) -> str:
        """The likeliest type of task."""
        return self.task_types[0]


@dataclass(frozen=True, slots=True)
class _Layout:
    name: str
    task_types: tuple[str, ...]
    """The likeliest first."""
    applies: Callable[[Path, str], bool]
    read: Callable[[Path, Path | None, str], AnyData]


_LAYOUTS = (
    _Layout(yolo.NAME, yolo.TASK_TYPES, yolo.applies, yolo.read),
    _Layout(coco.NAME, coco.TASK_TYPES, coco.applies, coco.read),
    _Layout(voc.NAME, voc.TASK_TYPES, voc.applies, voc.read),
    _Layout(labelme.NAME, labelme.TASK_TYPES, labelme.applies, labelme.read),
    _Layout(masks.NAME, masks.TASK_TYPES, masks.applies, masks.read),
    _Layout(class_lists.NAME, ("classification",), class_lists.applies, class_lists.read),
    _Layout(folders.NAME, ("classification",), folders.applies, folders.read),
    _Layout(sequences.NAME, ("sequence",), sequences.applies, sequences.read),
    _Layout(texts.NAME, ("text",), texts.applies, texts.read),
)
"""The first that applies is the data set's layout."""

FOLDERS = Recognised(("classification",), folders.NAME)
"""What a folder without any layout counts as: of this layout the sentences say what is missing."""


def recognise(root: Path) -> Recognised | None:
    """Tell task type and layout from the names in ``root`` and the beginnings of a few files; None for no layout.

    ``taskType`` in ``dataset.json`` decides where a layout can serve several types, else YOLO labels that are
    polygons are for segmentation. Raises OSError for what cannot be listed and Refused for links that lead out.
    """
    if not root.is_dir():
        return None
    for one in _LAYOUTS:
        types = tuple(task_type for task_type in one.task_types if one.applies(root, task_type))
        if types:
            return Recognised(_ordered(root, types if one.name != yolo.NAME else _yolo_types(root, types)), one.name)
    return None


def read(root: Path, val_root: Path | None = None, task_type: str | None = None) -> AnyData:
    """Read the data set at ``root`` with the reader of its layout; ``val`` comes from ``val_root`` where given.

    ``task_type`` decides where a layout can serve several. Raises Refused, also for data of another task type.
    """
    if not root.is_dir():
        raise Refused(layout.missing_folder(root))
    try:
        one, found_type = _reader(root, task_type)
    except OSError as error:
        raise Refused(cannot_be_listed(root, error)) from error
    return one.read(root, val_root, found_type)


def read_pictures(root: Path, val_root: Path | None, task_type: str) -> DataSet:
    """Read a data set of pictures for one of ``PICTURE_TASKS``. Raises Refused, also for another kind of data."""
    if task_type not in PICTURE_TASKS:
        raise ValueError(f"{task_type} is not a task on pictures")
    return cast(DataSet, read(root, val_root, task_type))


def read_sequences(root: Path, val_root: Path | None = None) -> SequenceData:
    """Read a data set of sequences. Raises Refused, also for another kind of data."""
    return cast(SequenceData, read(root, val_root, "sequence"))


def read_texts(root: Path, val_root: Path | None = None) -> TextData:
    """Read a data set of texts. Raises Refused, also for another kind of data."""
    return cast(TextData, read(root, val_root, "text"))


def cannot_be_listed(root: Path, error: BaseException) -> Sentence:
    """Say that the folders of a data set cannot be looked into."""
    return Sentence(
        gettext_noop("The data set {root} cannot be listed ({error}). Check the permissions of its folders."),
        {"root": layout.shown(root.name), "error": layout.shown(str(error))},
    )


def _reader(root: Path, task_type: str | None) -> tuple[_Layout, str]:
    if task_type is None:
        found = recognise(root) or FOLDERS
        return next(one for one in _LAYOUTS if one.name == found.layout), found.task_type
    for one in _LAYOUTS:
        if task_type in one.task_types and one.applies(root, task_type):
            return one, task_type
    other = recognise(root)
    if other is not None:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The data set {root} is laid out for {found} ({layout}), the task is {wanted}. Choose another data "
                    "set or another type of task."
                ),
                {
                    "root": layout.shown(root.name),
                    "found": " / ".join(other.task_types),
                    "layout": other.layout,
                    "wanted": task_type,
                },
            )
        )
    if task_type == FOLDERS.task_type:
        return next(one for one in _LAYOUTS if one.name == FOLDERS.layout), task_type
    raise Refused(
        Sentence(
            gettext_noop(
                "Nothing in the data set {root} is laid out for {wanted}; found there: {found}. See docs/data.md for "
                "the layouts."
            ),
            {"root": layout.shown(root.name), "wanted": task_type, "found": layout.named(_visible(root)) or "–"},
        )
    )


def _visible(root: Path) -> list[str]:
    return sorted(entry.name for entry in root.iterdir() if not entry.name.startswith("."))


def _ordered(root: Path, types: tuple[str, ...]) -> tuple[str, ...]:
    stated = description.read(root).task_type
    return (stated, *(one for one in types if one != stated)) if stated in types else types


def _yolo_types(root: Path, types: tuple[str, ...]) -> tuple[str, ...]:
    """Judge the first labels: a polygon's line has more than the class, four sides and perhaps a confidence."""
    files = islice((path for folder in _label_folders(root) for path in sorted(folder.glob("*.txt"))), _LOOKED_AT)
    polygons = [len(line.split()) > 6 for path in files for line in _first_lines(path)]
    if not polygons or all(polygons):
        return tuple(sorted(types, reverse=bool(polygons)))
    return types if any(polygons) else tuple(one for one in types if one != "segmentation")


def _label_folders(root: Path) -> list[Path]:
    folders_of_labels = [root / "labels", *(folder / "labels" for folder in sorted(root.iterdir()) if folder.is_dir())]
    found = [folder for folder in folders_of_labels if folder.is_dir()]
    return [inside for folder in found for inside in (folder, *(path for path in folder.iterdir() if path.is_dir()))]


def _first_lines(path: Path) -> list[str]:
    try:
        return text_files.lines(text_files.read_text(path, 1 << 20))
    except Refused:
        return []
