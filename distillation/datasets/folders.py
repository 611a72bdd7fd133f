"""The image-folder layout as a data set: ``train/<class>/``, ``val/<class>/`` and perhaps ``unlabeled/``.

Without ``val/`` a part of ``train/`` is held out, unless a folder lies there that may be a misnamed ``val/``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from distillation.contract.sentence import Refused
from distillation.datasets import assembling, layout
from distillation.datasets.assembling import Reading, Source
from distillation.datasets.samples import DataSet, Sample

NAME = "folders"


def applies(root: Path, task_type: str) -> bool:
    """Whether ``root`` has class folders below ``train/``. Raises OSError."""
    folder = root / layout.TRAIN
    return task_type == "classification" and folder.is_dir() and bool(layout.sub_folders(folder))


def read(root: Path, val_root: Path | None = None, task_type: str = "classification") -> DataSet:
    """Read the data set at ``root``; a target is the class folder's index. Raises Refused."""
    own = val_root is None or val_root.resolve() == root.resolve()
    return assembling.assemble(lambda source: _read(source, own), NAME, root, val_root, task_type)


def holds_out_by_itself(root: Path) -> bool:
    """Whether ``val/`` is absent and no other folder may be meant by it. Raises OSError."""
    return set(layout.sub_folders(root)) <= {layout.TRAIN, layout.UNLABELED}


def _read(source: Source, own: bool) -> Reading:
    """``own``: whether ``val/`` is looked for beside ``train/``."""
    if source.classes is not None:
        classes, val = _split(source, layout.VAL)
        _require_agreement(source.root, source.classes, classes)
        return Reading(classes, {layout.VAL: val})
    classes, train = _split(source, layout.TRAIN)
    if not own or holds_out_by_itself(source.root):
        return Reading(classes, {layout.TRAIN: train})
    val_classes, val = _split(source, layout.VAL)
    _require_agreement(source.root, classes, val_classes)
    return Reading(classes, {layout.TRAIN: train, layout.VAL: val})


def _split(source: Source, split: str) -> tuple[tuple[str, ...], list[Sample]]:
    folder = source.root / split
    if not folder.is_dir():
        raise Refused(layout.missing_split(source.root, split))
    classes = tuple(layout.sub_folders(folder))
    labels = {name: label for label, name in enumerate(classes)}
    counts = dict.fromkeys(classes, 0)
    samples = []
    for path, entry in source.files.items():
        place, _, below = path.partition("/")
        name, _, file = below.partition("/")
        if place == split and file:
            counts[name] += 1
            samples.append(entry.sample(path, labels[name]))
    if problems := layout.split_problems(source.root, split, counts):
        raise Refused(problems[0])
    return classes, samples


def _require_agreement(val_root: Path, train: Iterable[str], val: Iterable[str]) -> None:
    if problems := layout.agreement_problems(val_root, val_root, train, val):
        raise Refused(problems[0])
