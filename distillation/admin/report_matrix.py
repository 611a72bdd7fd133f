"""A confusion matrix for people: a table while it can be read, a picture above that, and what is confused most."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from distillation.admin import figures, loose

MAX_TABLE = 30
"""A larger table cannot be read by a person."""
MAX_PICTURE = 100
"""A larger picture has less than five pixels a class, and the page would be mostly numbers."""
MOST_CONFUSED = 10

Numbers = list[list[int]]


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One true class: (count, share of the row in tenths, on the diagonal) for each predicted one."""

    name: str
    cells: list[tuple[int, int, bool]]


@dataclass(frozen=True, slots=True)
class Pair:
    """One mistake: how often, and in which share of the true class."""

    truth: str
    said: str
    count: str
    share: str


@dataclass(frozen=True, slots=True)
class Confusion:
    """What there is to show; all of it empty without a matrix."""

    rows: list[MatrixRow] = field(default_factory=list)
    picture: dict[str, Any] = field(default_factory=dict)
    """``names`` and ``rows`` of numbers, for the script that draws it."""
    most: list[Pair] = field(default_factory=list)
    left_out: str = ""

    @property
    def names(self) -> list[str]:
        """The classes of the table."""
        return [row.name for row in self.rows]


def read(rows: list[Any], names: list[str]) -> Confusion:
    """Any list; empty for what is no square of numbers."""
    found = [[loose.number(cell) for cell in row] for row in rows if isinstance(row, list)]
    square = bool(found) and all(len(row) == len(found) and None not in row for row in found)
    if not square or len(found) != len(rows):
        return Confusion()
    numbers = [[int(cell or 0) for cell in row] for row in found]
    labels = _labels(len(numbers), names)
    most = _most(numbers, labels)
    if len(numbers) <= MAX_TABLE:
        return Confusion(rows=[_row(labels[i], i, row) for i, row in enumerate(numbers)], most=most)
    if len(numbers) <= MAX_PICTURE:
        return Confusion(picture={"names": labels, "rows": numbers, "words": _words()}, most=most)
    left_out = _("The confusion matrix has %(count)s classes; it is shown up to %(limit)s.")
    return Confusion(most=most, left_out=left_out % {"count": len(numbers), "limit": MAX_PICTURE})


def _labels(count: int, names: list[str]) -> list[str]:
    labels = [*names, _("Background")]  # of a detector: what is nowhere, and what was not found
    if len(labels) == count:
        return labels
    return names if len(names) == count else [str(index + 1) for index in range(count)]


def _row(name: str, index: int, row: list[int]) -> MatrixRow:
    total = sum(row) or 1
    shades = [-(-10 * max(cell, 0) // total) for cell in row]  # rounded up, so that one mistake can be seen
    return MatrixRow(name, [(cell, shades[i], i == index) for i, cell in enumerate(row)])


def _most(numbers: Numbers, labels: list[str]) -> list[Pair]:
    mistakes = [
        (row[said], truth, said)
        for truth, row in enumerate(numbers)
        for said in range(len(row))
        if said != truth and row[said] > 0
    ]
    mistakes.sort(key=lambda mistake: -mistake[0])
    totals = [sum(max(cell, 0) for cell in row) for row in numbers]
    return [
        Pair(labels[truth], labels[said], figures.count(count), figures.percent(100 * count / totals[truth], 1))
        for count, truth, said in mistakes[:MOST_CONFUSED]
    ]


def _words() -> dict[str, str]:
    return {
        "title": _("Confusion matrix"),
        "truth": _("Truth"),
        "said": _("Student"),
        "share": _("Shares of the true class, in percent"),
        "table": _("As a table"),
        "chart": _("As a chart"),
    }
