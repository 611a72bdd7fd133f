"""From labelled rows of any content to classes and splits: what sequences and texts have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import class_order, layout, splitting
from distillation.datasets.class_names import ClassTable
from distillation.datasets.row_findings import RowFindings
from distillation.datasets.samples import Sample

UNLABELLED = -1
SPLIT_BY_CONTENT = f"held out {splitting.SHARE:g} by hash of content, seed {splitting.SEED}"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file, without its content."""

    split: str
    """``train``, ``val`` or ``unlabeled``: what its file is for."""
    place: str
    """File and number, for findings."""
    key: str
    """A hash of the content: equal keys are equal contents."""
    label: str
    """The name of its class; empty when it has none."""


@dataclass(frozen=True, slots=True, eq=False)
class Arrangement:
    """Which rows are used for what; every array holds places in the list of rows, ascending."""

    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    """Of every row; UNLABELLED (-1) where it has none."""
    train: NDArray[np.int64]
    val: NDArray[np.int64]
    unlabeled: NDArray[np.int64]
    split: str
    """``given``, or how ``val`` was taken from ``train``."""


def arrange(rows: Sequence[Row], *, given: bool, classes: tuple[str, ...] | None, findings: RowFindings) -> Arrangement:
    """Give labels to names and take validation rows from training where they are not ``given``.

    ``classes``: the order of the labels where the data states it. Raises Refused when the training rows name no
    class, or the validation rows one that the training rows do not have.
    """
    by_split: dict[str, list[int]] = {layout.TRAIN: [], layout.VAL: [], layout.UNLABELED: []}
    for number, row in enumerate(rows):
        if row.label or row.split == layout.UNLABELED:
            by_split[row.split].append(number)
        elif row.split == layout.TRAIN:
            by_split[layout.UNLABELED].append(number)
        else:
            findings.note("missing_row_label", row.place)
    train, val = by_split[layout.TRAIN], by_split[layout.VAL]
    names = classes or class_order.ordered(rows[number].label for number in train)
    table = ClassTable.of_names(names, "classification")
    if unknown := dict.fromkeys(name for number in val if (name := rows[number].label) not in table.labels):
        ClassTable.of_names(unknown, "classification").onto(table.names)
    labels = np.full(len(rows), UNLABELLED, np.int64)
    labels[[*train, *val]] = [table.labels[rows[number].label] for number in (*train, *val)]
    if not given:
        train, val = _hold_out(rows, train, labels)
    train = _without_leaks(rows, train, val, findings)
    return Arrangement(
        table.names,
        labels,
        _places(train),
        _places(val),
        _places(sorted(by_split[layout.UNLABELED])),
        "given" if given else SPLIT_BY_CONTENT,
    )


def digest(rows: Sequence[Row], found: Arrangement) -> str:
    """SHA-256 over classes, and the contents and labels of every split."""
    hasher = hashlib.sha256(repr(found.classes).encode("utf-8", "surrogatepass"))
    for places in (found.train, found.val, found.unlabeled):
        hasher.update(f"\0split {len(places)}".encode())
        for place in places:
            hasher.update(f"\0{rows[place].key}\0{found.labels[place]}".encode())
    return hasher.hexdigest()


def require_some(root: Path, found: Arrangement, findings: RowFindings) -> None:
    """Raise Refused when there is nothing to learn from or nothing held out."""
    if len(found.train) and len(found.val):
        return
    reports = findings.as_tuple()
    largest = max(reports, key=lambda report: report.count).sentence.as_json() if reports else "–"
    raise Refused(
        Sentence(
            gettext_noop(
                "The data set {root} has {train} usable labelled rows to learn from and {val} held out; one of each is "
                "the least. Found wrong: {findings}"
            ),
            {
                "root": layout.shown(root.name),
                "train": len(found.train),
                "val": len(found.val),
                "findings": largest,
            },
        )
    )


def _hold_out(rows: Sequence[Row], train: list[int], labels: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    # A row stands in for a picture: its content's hash for the path, its number for the size.
    samples = [Sample(rows[number].key, number, 0, int(labels[number])) for number in train]
    kept, held_out = splitting.split(samples)
    return [sample.size for sample in kept], [sample.size for sample in held_out]


def _without_leaks(rows: Sequence[Row], train: list[int], val: list[int], findings: RowFindings) -> list[int]:
    held_out = {rows[number].key for number in val}
    kept = []
    for number in train:
        if rows[number].key in held_out:
            findings.note("duplicate_row", rows[number].place)
        else:
            kept.append(number)
    return kept


def _places(numbers: list[int]) -> NDArray[np.int64]:
    return np.array(numbers, np.int64)
