"""Sequence classification: ``train.npz`` or ``train.csv``, perhaps ``val`` and ``unlabeled``.

Series of unequal lengths are filled up with zeros at their end. ``sequence_arrays`` and ``sequence_tables`` say what
may be in a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import labelled_rows, layout, sequence_arrays, sequence_tables, tables
from distillation.datasets.labelled_rows import Row
from distillation.datasets.row_findings import RowFindings
from distillation.datasets.samples import Finding
from distillation.datasets.series import Series

NAME = "sequence"
MAX_BYTES = 4 << 30
"""Of all series filled up to the longest one, as float32."""


@dataclass(frozen=True, slots=True, eq=False)
class SequenceSplit:
    """Some series with their labels."""

    values: NDArray[np.float32]
    """``[n, length, features]``; zero from each series' end on."""
    lengths: NDArray[np.int64]
    """``[n]``: steps that each series really has."""
    labels: NDArray[np.int64]
    """``[n]``; -1 for unlabelled ones."""

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True, eq=False)
class SequenceData:
    """A data set of series."""

    root: Path
    classes: tuple[str, ...]
    features: int
    """Values a step."""
    length: int
    """Steps of the longest series."""
    train: SequenceSplit
    val: SequenceSplit
    unlabeled: SequenceSplit
    findings: tuple[Finding, ...]
    split: str
    """``given``, or how ``val`` was taken from ``train``, for the record."""
    digest: str
    """SHA-256 over classes, values and labels: equal digests are equal data."""


def find(root: Path, split: str) -> Path | None:
    """The file of a split: ``split.npz`` or a table. Raises Refused for a link that leads out of ``root``."""
    archive = root / f"{split}.npz"
    if not archive.is_file():
        return tables.find(root, split)
    layout.require_inside(archive, root)
    return archive


def applies(root: Path, task_type: str) -> bool:
    """Whether ``root`` has an array or a table of series to train on; a table is judged by its beginning."""
    return task_type == "sequence" and ((root / "train.npz").is_file() or tables.is_of_kind(root, "sequence"))


def read(root: Path, val_root: Path | None = None, task_type: str = "sequence") -> SequenceData:
    """Read the data set at ``root``, with ``val`` from ``val_root`` where given. Raises Refused."""
    findings = RowFindings()
    files = tables.files(root, val_root, find)
    found, classes = _usable(files, findings)
    rows = [Row(split, series.place, _hash(series), series.label) for split, series in found]
    arranged = labelled_rows.arrange(rows, given=layout.VAL in files, classes=classes, findings=findings)
    labelled_rows.require_some(root, arranged, findings)
    used = np.concatenate([arranged.train, arranged.val, arranged.unlabeled])
    length = _longest(root, [found[place][1] for place in used])
    features = found[0][1].values.shape[1]

    def filled(places: NDArray[np.int64]) -> SequenceSplit:
        values = np.zeros((len(places), length, features), np.float32)
        lengths = np.zeros(len(places), np.int64)
        for number, place in enumerate(places):
            series = found[place][1]
            lengths[number] = len(series.values)
            values[number, : lengths[number]] = series.values
            if lengths[number] < length:
                findings.note("unequal_length", series.place)
        return SequenceSplit(values, lengths, arranged.labels[places])

    train, val, unlabeled = filled(arranged.train), filled(arranged.val), filled(arranged.unlabeled)
    return SequenceData(
        root=root,
        classes=arranged.classes,
        features=features,
        length=length,
        train=train,
        val=val,
        unlabeled=unlabeled,
        findings=findings.as_tuple(),
        split=arranged.split,
        digest=labelled_rows.digest(rows, arranged),
    )


def _usable(files: dict[str, Path], findings: RowFindings) -> tuple[list[tuple[str, Series]], tuple[str, ...] | None]:
    """Split and series of all that can be used, and the classes where the training data lists them."""
    classes: tuple[str, ...] | None = None
    label_place: int | None = None
    found: list[tuple[str, Series]] = []
    for split, path in files.items():
        if path.suffix == ".npz":
            listed, stated = sequence_arrays.read(path, split, findings, classes)
            classes = classes or stated
        else:
            listed, label_place = sequence_tables.read(path, split, findings, label_place)
        found += [(split, series) for series in _judged(listed, findings)]
    _require_same_features(found)
    return found, classes


def _judged(listed: Iterable[Series], findings: RowFindings) -> Iterable[Series]:
    for series in listed:
        given = ~np.isnan(series.values).all(axis=1)
        end = int(np.flatnonzero(given)[-1]) + 1 if given.any() else 0
        values = series.values[:end]  # trailing steps without a value are how tools fill up shorter series
        if not end:
            findings.note("empty_row", series.place)
        elif not np.isfinite(values).all():
            findings.note("not_finite", series.place)
        else:
            yield Series(series.place, values, series.label)


def _require_same_features(found: list[tuple[str, Series]]) -> None:
    if not found:
        return
    first = found[0][1]
    other = next((series for _, series in found if series.values.shape[1] != first.values.shape[1]), None)
    if other is not None:
        raise Refused(
            Sentence(
                gettext_noop(
                    "{first} has {features} values a step, {other} has {others}. Give every series the same ones."
                ),
                {
                    "first": layout.shown(first.place),
                    "features": first.values.shape[1],
                    "other": layout.shown(other.place),
                    "others": other.values.shape[1],
                },
            )
        )


def _longest(root: Path, used: list[Series]) -> int:
    """Steps of the longest series. Raises Refused when all would be too large at that length."""
    longest = max(used, key=lambda series: len(series.values))
    length, features = len(longest.values), longest.values.shape[1]
    if (needed := 4 * len(used) * length * features) > MAX_BYTES:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The series of the data set {root} need {needed} MB when all are filled up to the longest one, "
                    "{place} with {length} steps; the limit is {limit} MB. Shorten or thin out the longest ones."
                ),
                {
                    "root": layout.shown(root.name),
                    "needed": needed >> 20,
                    "place": layout.shown(longest.place),
                    "length": length,
                    "limit": MAX_BYTES >> 20,
                },
            )
        )
    return length


def _hash(series: Series) -> str:
    return hashlib.sha256(f"{series.values.shape}".encode() + series.values.tobytes()).hexdigest()
