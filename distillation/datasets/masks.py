"""Pictures with masks: a folder of pictures and one of files of the same names that hold a class for every pixel.

``images/`` and ``masks/``, or VOC's ``JPEGImages/`` and ``SegmentationClass/``, with folders for splits above or below.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from distillation.datasets import assembling, file_index
from distillation.datasets.assembling import Reading, Source
from distillation.datasets.file_index import Entry
from distillation.datasets.findings import Findings
from distillation.datasets.mask_values import MaskClasses
from distillation.datasets.picture_lists import PictureLists
from distillation.datasets.pictures import Unreadable, upright_size
from distillation.datasets.samples import ClassMap, DataSet, Sample

NAME = "masks"
TASK_TYPES = ("segmentation",)
LOSSLESS = frozenset({".png", ".bmp", ".tif", ".tiff", ".gif"})
PICTURE_FOLDERS = frozenset({"images", "image", "imgs", "img", "jpegimages"})
MASK_FOLDERS = frozenset({"masks", "mask", "segmentationclass", "segmentationclasspng", "labels", "annotations"})
_SUFFIXES = ("_mask", "-mask", "_label", "_seg")
"""What some tools append to a mask's name."""


def applies(root: Path, task_type: str) -> bool:
    """Whether a folder of masks lies in ``root`` or in a folder directly in it; looks at names of some files only."""
    if task_type not in TASK_TYPES or not root.is_dir():
        return False
    folders = [path for path in root.iterdir() if path.is_dir()]
    folders += [path for folder in folders for path in folder.iterdir() if path.is_dir()]
    return any(folder.name.lower() in MASK_FOLDERS and any(file_index.peek(folder, LOSSLESS)) for folder in folders)


def read(root: Path, val_root: Path | None, task_type: str) -> DataSet:
    """Read the data set at ``root``. Raises Refused."""
    return assembling.assemble(_read, NAME, root, val_root, task_type)


def _read(source: Source) -> Reading:
    lists = PictureLists.read(source.root, "Segmentation")
    pairs: dict[str, list[tuple[str, str]]] = {}
    for picture, mask in _pairs(source):
        split = lists.split_of(picture)
        if split == "unlisted":
            source.findings.note("unlisted", picture)
        elif split != "test":
            pairs.setdefault(split, []).append((picture, mask))
    checked = {split: list(_fitting(found, source)) for split, found in pairs.items()}
    classes = MaskClasses.read(source.root, [mask for found in checked.values() for _, mask in found], source.findings)
    names, values = classes.settle(source.root, source.classes)
    splits = {
        split: [_sample(picture, mask, values, source.files) for picture, mask in found if mask not in classes.unusable]
        for split, found in checked.items()
    }
    return Reading(names, splits)


def _sample(picture: str, mask: str, values: tuple[int, ...], files: dict[str, Entry]) -> Sample:
    return files[picture].sample(picture, ClassMap(mask, files[mask].size, files[mask].mtime_ns, values))


def _pairs(source: Source) -> Iterator[tuple[str, str]]:
    """Pictures with their masks; what has no counterpart, or two, is noted."""
    pictures: dict[str, list[str]] = {}
    masks: dict[str, list[str]] = {}
    for path in source.files:
        kind, key = _key(path)
        if kind == "picture":
            pictures.setdefault(key, []).append(path)
        elif kind == "mask" and PurePosixPath(path).suffix.lower() in LOSSLESS:
            masks.setdefault(key, []).append(path)
    for key, found in pictures.items():
        yield from _pair(found, masks.pop(key, []), source.findings)
    for found in masks.values():
        for path in found:
            source.findings.note("missing_picture", path)


def _pair(pictures: list[str], masks: list[str], findings: Findings) -> Iterator[tuple[str, str]]:
    if not masks:
        for path in pictures:
            findings.note("missing_label", path)
    elif len(pictures) > 1 or len(masks) > 1:
        for path in pictures:
            findings.note("two_suffixes", path)
    else:
        yield pictures[0], masks[0]


def _key(path: str) -> tuple[str, str]:
    """Whether a path is a picture's or a mask's, and what it has in common with its counterpart."""
    parts = PurePosixPath(path).parts
    for number, part in enumerate(parts[:-1]):
        kind = "picture" if part.lower() in PICTURE_FOLDERS else "mask" if part.lower() in MASK_FOLDERS else ""
        if kind:
            stem = PurePosixPath(path).stem
            if kind == "mask":
                stem = next((stem.removesuffix(end) for end in _SUFFIXES if stem.endswith(end)), stem)
            return kind, "/".join((*parts[:number], *parts[number + 1 : -1], stem))
    return "", ""


def _fitting(pairs: list[tuple[str, str]], source: Source) -> Iterator[tuple[str, str]]:
    """Pairs whose files can be opened and have one size, upright."""
    for picture, mask in pairs:
        sizes = [_size(path, source) for path in (picture, mask)]
        if None in sizes:
            continue
        if sizes[0] != sizes[1]:
            source.findings.note("size_differs", picture)
            continue
        yield picture, mask


def _size(path: str, source: Source) -> tuple[int, int] | None:
    if not source.files[path].size:
        source.findings.note("empty_picture", path)
        return None
    try:
        return upright_size(source.root / path)
    except Unreadable:
        source.findings.note("unreadable_picture", path)
        return None
