"""Text classification from tables: ``train.csv`` (or .tsv, .jsonl), perhaps ``val`` and ``unlabeled``.

Columns ``text`` and ``label``; rows of ``train`` without a label count as unlabelled.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import labelled_rows, layout, tables
from distillation.datasets.labelled_rows import Arrangement, Row
from distillation.datasets.row_findings import RowFindings
from distillation.datasets.samples import Finding
from distillation.datasets.tables import Table

NAME = "text"
_LOOKED_AT = 100
"""Rows that decide which of two columns without names holds the texts."""


@dataclass(frozen=True, slots=True, eq=False)
class TextSplit:
    """Some texts with their labels."""

    texts: tuple[str, ...]
    labels: NDArray[np.int64]
    """``[n]``; -1 for unlabelled ones."""

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True, slots=True, eq=False)
class TextData:
    """A data set of texts."""

    root: Path
    classes: tuple[str, ...]
    train: TextSplit
    val: TextSplit
    unlabeled: TextSplit
    findings: tuple[Finding, ...]
    split: str
    """``given``, or how ``val`` was taken from ``train``, for the record."""
    digest: str
    """SHA-256 over classes, texts and labels: equal digests are equal data."""


def applies(root: Path, task_type: str) -> bool:
    """Whether ``root`` has a table of texts to train on, judged by its beginning."""
    return task_type == "text" and tables.is_of_kind(root, "text")


def read(root: Path, val_root: Path | None = None, task_type: str = "text") -> TextData:
    """Read the data set at ``root``, with ``val`` from ``val_root`` where given. Raises Refused."""
    findings = RowFindings()
    files = tables.files(root, val_root)
    texts: list[str] = []
    rows: list[Row] = []
    for split, path in files.items():
        for place, text, label in _rows(tables.read(path), split, findings):
            rows.append(Row(split, place, _hash(text), label))
            texts.append(text)
    found = labelled_rows.arrange(rows, given=layout.VAL in files, classes=None, findings=findings)
    labelled_rows.require_some(root, found, findings)
    return TextData(
        root,
        found.classes,
        _split(texts, found, found.train),
        _split(texts, found, found.val),
        _split(texts, found, found.unlabeled),
        findings.as_tuple(),
        found.split,
        labelled_rows.digest(rows, found),
    )


def count(table: Table) -> dict[str, int]:
    """Labelled rows by class, for an outline. Raises Refused for a table without a column of labels."""
    return tables.count_column(table, _places(table, layout.TRAIN)[1])


def _rows(table: Table, split: str, findings: RowFindings) -> list[tuple[str, str, str]]:
    """Place, text and class name of every row that holds a text."""
    for number in table.malformed:
        findings.note("malformed_row", f"{table.name}:{number}")
    text_place, label_place = _places(table, split)
    found = []
    for row in table.rows:
        place = f"{table.name}:{row.number}"
        if len(row.cells) <= max(text_place, label_place):
            findings.note("malformed_row", place)
        elif not (text := row.cells[text_place].strip()):
            findings.note("empty_row", place)
        else:
            found.append((place, text, row.cells[label_place].strip() if label_place >= 0 else ""))
    return found


def _places(table: Table, split: str) -> tuple[int, int]:
    """The columns of texts and of labels; -1 for no labels, which only unlabelled texts may do without."""
    text, label = table.column(tables.TEXTS), table.column(tables.LABELS)
    if not table.columns and table.rows:
        text, label = _places_by_length(table)
    elif text is None and label is not None and len(table.columns) == 2:
        text = 1 - label
    elif label is None and text is not None and len(table.columns) == 2 and split != layout.UNLABELED:
        label = 1 - text
    if text is None or (label is None and split != layout.UNLABELED):
        raise Refused(
            Sentence(
                gettext_noop("{path} needs a column text and a column label; found: {columns}."),
                {"path": layout.shown(table.name), "columns": layout.named(table.columns) or "–"},
            )
        )
    return text, -1 if label is None else label


def _places_by_length(table: Table) -> tuple[int, int | None]:
    if len(table.rows[0].cells) == 1:
        return 0, None
    looked_at = [row.cells for row in table.rows[:_LOOKED_AT] if len(row.cells) > 1]
    first, second = (sum(len(cells[place]) for cells in looked_at) for place in (0, 1))
    return (0, 1) if first >= second else (1, 0)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _split(texts: list[str], found: Arrangement, places: NDArray[np.int64]) -> TextSplit:
    labels = found.labels[places]
    return TextSplit(tuple(texts[place] for place in places), labels)
