"""Counts of lists, sequences and texts, from their tables and the labels of their arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from distillation.datasets import (
    class_lists,
    class_order,
    counts,
    layout,
    sequence_arrays,
    sequence_tables,
    sequences,
    tables,
    texts,
)
from distillation.datasets.counts import Counts


@dataclass(frozen=True, slots=True)
class _File:
    samples: int
    per_class: dict[str, int]
    """Labelled samples by class name."""
    classes: tuple[str, ...] | None = None
    """Where the file lists them."""

    @property
    def labelled(self) -> int:
        return sum(self.per_class.values())


def count(name: str, root: Path, val_root: Path) -> Counts:
    """Count the data set at ``root``, laid out as ``name``. Raises Refused and OSError."""
    files = tables.files(root, val_root, sequences.find if name == sequences.NAME else tables.find)
    found = {split: _read(name, path, split) for split, path in files.items()}
    train, val = found[layout.TRAIN], found.get(layout.VAL)
    if train is None:
        return Counts()
    per_class = {
        label: train.per_class.get(label, 0) for label in train.classes or class_order.ordered(train.per_class)
    }
    taken = {} if layout.VAL in files else counts.held_out(per_class)
    pictures = name == class_lists.NAME
    rest = found.get(layout.UNLABELED)
    return Counts(
        classes=tuple(per_class),
        train=train.labelled - sum(taken.values()),
        val=val.labelled if val else sum(taken.values()),
        unlabeled=counts.unlabeled_pictures(root)
        if pictures
        else train.samples - train.labelled + (rest.samples if rest else 0),
        train_per_class=tuple(number - taken.get(label, 0) for label, number in per_class.items()),
    )


def _read(name: str, path: Path, split: str) -> _File | None:
    """What a file holds; None when it is too large to be read for that."""
    stat = path.stat()
    if path.suffix != ".npz" and stat.st_size > counts.MAX_BYTES:
        return None
    return _cached(name, path, split, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=256)
def _cached(name: str, path: Path, split: str, size: int, mtime_ns: int) -> _File:
    """``size`` and ``mtime_ns`` only tell one state of the file from another."""
    if path.suffix == ".npz":
        return _File(*sequence_arrays.count(path, counts.MAX_BYTES))
    table = tables.read(path, counts.MAX_BYTES)
    if name == sequences.NAME:
        return _File(*sequence_tables.count(table, split))
    if split == layout.UNLABELED:
        return _File(len(table.rows), {})
    return _File(len(table.rows), (class_lists if name == class_lists.NAME else texts).count(table))
