"""Series in tables: one a row with its label first or last, or one value a row (id, time, values…, label)."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import layout, tables
from distillation.datasets.row_findings import RowFindings
from distillation.datasets.series import Series
from distillation.datasets.tables import Row, Table


@dataclass(frozen=True, slots=True)
class _Steps:
    """The columns of a table with one step a row."""

    series: int
    time: int


@dataclass(frozen=True, slots=True)
class _Columns:
    label: int | None
    values: tuple[int, ...]
    """Empty: every cell but the label, however many."""
    steps: _Steps | None = None
    """None: one series a row."""


def read(
    path: Path, split: str, findings: RowFindings, label_place: int | None = None
) -> tuple[list[Series], int | None]:
    """Read every series; return them and the place of the label.

    ``label_place``: that of the training table, for tables that do not name their columns. Raises Refused.
    """
    table = tables.read(path)
    for number in table.malformed:
        findings.note("malformed_row", f"{table.name}:{number}")
    columns = _columns(table, split, label_place)
    listed = (
        _one_a_row(table, columns, findings)
        if columns.steps is None
        else _joined(table, columns, columns.steps, findings)
    )
    return listed, columns.label


def count(table: Table, split: str) -> tuple[int, dict[str, int]]:
    """Number of series and of labels by class, for an outline. Raises Refused for a table without labels."""
    columns = _columns(table, split, None)
    rows = table.rows
    if columns.steps is not None:
        rows = tuple({row.cells[columns.steps.series].strip(): row for row in rows}.values())
    if columns.label is None:
        return len(rows), {}
    names = (row.cells[columns.label].strip() for row in rows if len(row.cells) > columns.label)
    return len(rows), dict(Counter(name for name in names if name))


def _columns(table: Table, split: str, label_place: int | None) -> _Columns:
    label = table.column(tables.LABELS)
    if not table.columns:
        label = label_place if label_place is not None else _guessed_label(table)
    if label is None and split != layout.UNLABELED:
        raise Refused(
            Sentence(
                gettext_noop(
                    "{path} has no column of labels that can be told from its values; found: {columns}. Name it label."
                ),
                {"path": layout.shown(table.name), "columns": layout.named(table.columns) or "–"},
            )
        )
    series, time = table.column(tables.IDS), table.column(tables.TIMES)
    long = series is not None and time is not None
    # A column named t or step is a value like the others where no id says that rows are steps.
    others = (label, series, time) if long else (label, series)
    values = tuple(place for place in range(len(table.columns)) if place not in others)
    return _Columns(label, values, _Steps(series, time) if series is not None and time is not None else None)


def _guessed_label(table: Table) -> int | None:
    """The first or last cell of rows without column names: names or whole numbers, the fewer kinds the likelier.

    Where both would do it is the first, as in the UCR archive.
    """
    width = min((len(row.cells) for row in table.rows), default=0)
    if width < 2:
        return None
    kinds = {}
    for place in (0, -1):
        cells = [row.cells[place].strip() for row in table.rows]
        if any(cells) and all(_is_label(cell) for cell in cells):
            kinds[place] = len(set(cells))
    return min(kinds, key=lambda place: (kinds[place], -place)) if kinds else None


def _is_label(cell: str) -> bool:
    if not tables.is_number(cell):
        return True
    number = float(cell)
    return math.isfinite(number) and number == round(number)


def _one_a_row(table: Table, columns: _Columns, findings: RowFindings) -> list[Series]:
    found = []
    for row in table.rows:
        place = f"{table.name}:{row.number}"
        label = "" if columns.label is None else row.cells[columns.label].strip()
        taken = columns.values or range(len(row.cells))
        skipped = None if columns.label is None else columns.label % len(row.cells)
        values = _numbers([row.cells[number] for number in taken if number != skipped])
        if values is None:
            findings.note("malformed_row", place)
        else:
            found.append(Series(place, values[:, None], _plain(label)))
    return found


def _joined(table: Table, columns: _Columns, steps: _Steps, findings: RowFindings) -> list[Series]:
    """Rows with the same id are one series, in the order of their times."""
    by_series: dict[str, list[Row]] = {}
    for row in table.rows:
        by_series.setdefault(row.cells[steps.series].strip(), []).append(row)
    found = []
    for name, rows in by_series.items():
        place = f"{table.name}:{name}"
        rows.sort(key=lambda row: _time(row.cells[steps.time]))
        values = [_numbers([row.cells[number] for number in columns.values]) for row in rows]
        usable = [step for step in values if step is not None]
        labels = {"" if columns.label is None else row.cells[columns.label].strip() for row in rows}
        if len(usable) < len(rows):
            findings.note("malformed_row", place)
        elif len(labels) > 1:
            findings.note("two_labels", place)
        else:
            found.append(Series(place, np.stack(usable), _plain(labels.pop())))
    return found


def _numbers(cells: list[str]) -> NDArray[np.float32] | None:
    """Cells as float32, NaN for blank ones; None when one is no number."""
    try:
        with np.errstate(over="ignore"):
            return np.array([cell.strip() or "nan" for cell in cells], np.float64).astype(np.float32)
    except ValueError:
        return None


def _plain(label: str) -> str:
    """``1.0000000e+00`` of numerical exports is the class 1."""
    return str(round(float(label))) if tables.is_number(label) and _is_label(label) else label


def _time(cell: str) -> tuple[int, float, str]:
    """Numbers by value, other times (such as 2024-01-31) by their characters."""
    return (0, float(cell), "") if tables.is_number(cell) else (1, 0.0, cell.strip())
