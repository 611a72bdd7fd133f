"""The figures of all tasks, the best of each column marked, and for each dash the reason."""

from __future__ import annotations

import string
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from django.utils.translation import gettext as _

from distillation.admin import figures
from distillation.admin.metric_names import metric
from distillation.console.compare.chosen import One
from distillation.console.compare.measured import Measured, grounds
from distillation.models import Executor, TaskStatus

Better = Literal["higher", "lower", ""]
OF_THE_VERDICT = ("accuracy", "gain", "size", "latency", "rate")


@dataclass(slots=True)
class Cell:
    """One figure; a dash has a reason, and so has a figure that does not compete."""

    value: float | None
    text: str
    reason: str = ""
    best: bool = False
    mark: str = ""
    """The letter of the reason below the table."""


@dataclass(frozen=True, slots=True)
class Column:
    """One kind of figure."""

    key: str
    label: str
    unit: str
    better: Better
    style: Callable[[float | None], str]
    of: Callable[[Measured], tuple[float | None, str]]
    """The value, and the reason why there is none, or why it does not compete."""
    needed: bool = True
    """Whether it is shown where no task has it."""
    same_machine: bool = False
    """Whether only figures of the same machine compete."""


@dataclass(frozen=True, slots=True)
class Line:
    """The figures of one task."""

    one: One
    cells: list[Cell]


@dataclass(slots=True)
class Table:
    """What the page shows."""

    columns: list[Column]
    lines: list[Line]
    reasons: list[tuple[str, str]] = field(default_factory=list)
    """Letter and sentence, below the table."""
    machines: list[tuple[str, str]] = field(default_factory=list)
    """Where speed was measured and of which tasks; empty where it is the same for all."""


def table(rows: list[Measured]) -> Table:
    """The table of these tasks."""
    columns, cells = [], []
    for column in _columns(rows):
        found = [_cell(column, row) for row in rows]
        if column.needed or any(cell.value is not None for cell in found):
            _mark_best(column, rows, found)
            columns.append(column)
            cells.append(found)
    lines = [Line(row.one, [column[index] for column in cells]) for index, row in enumerate(rows)]
    return Table(columns, lines, _reasons(lines), _machines(rows))


def verdict(found: Table, rows: list[Measured]) -> list[tuple[str, str, str]]:
    """What is best, by whom and how good; empty where figures of different things stand in the table."""
    if len(grounds(rows)) != 1:
        return []
    said = []
    for index, column in enumerate(found.columns):
        best = [line for line in found.lines if line.cells[index].best]
        machines = {row.student.machine for row in rows if row.student.latency is not None}
        if best and column.key in OF_THE_VERDICT and not (column.same_machine and len(machines) > 1):
            letters = ", ".join(line.one.letter for line in best)
            said.append((_("Best: %(figure)s") % {"figure": column.label}, letters, best[0].cells[index].text))
    return said


def best_of(values: list[float], better: Better) -> float | None:
    """The best of at least two values; None where none is better than another, or nothing says what better is."""
    if not better or len(set(values)) < 2:
        return None
    return max(values) if better == "higher" else min(values)


def _cell(column: Column, row: Measured) -> Cell:
    value, reason = column.of(row)
    return Cell(value, column.style(value), reason)


def _mark_best(column: Column, rows: list[Measured], cells: list[Cell]) -> None:
    places = {row.one.letter: index for index, row in enumerate(rows)}
    for group in grounds(rows).values():
        by_machine: dict[str, list[Cell]] = {}
        for row in group:
            cell = cells[places[row.one.letter]]
            if cell.value is not None and not cell.reason:
                by_machine.setdefault(row.student.machine if column.same_machine else "", []).append(cell)
        for competing in by_machine.values():
            best = best_of([cell.value for cell in competing if cell.value is not None], column.better)
            for cell in competing:
                cell.best = best is not None and cell.value == best


def _reasons(lines: list[Line]) -> list[tuple[str, str]]:
    """Give each distinct reason a letter, in the order of reading."""
    marks: dict[str, str] = {}
    for line in lines:
        for cell in line.cells:
            if cell.reason:
                cell.mark = marks.setdefault(cell.reason, string.ascii_lowercase[len(marks) % 26])
    return [(mark, reason) for reason, mark in marks.items()]


def _machines(rows: list[Measured]) -> list[tuple[str, str]]:
    by_machine: dict[str, list[str]] = {}
    for row in rows:
        if row.student.latency is not None or row.student.rate is not None:
            by_machine.setdefault(row.student.machine or _("machine not told"), []).append(row.one.letter)
    return [(machine, ", ".join(letters)) for machine, letters in by_machine.items()] if len(by_machine) > 1 else []


def _columns(rows: list[Measured]) -> list[Column]:
    names = list(dict.fromkeys(metric(row.one.task) for row in rows))
    samples = _("samples/s")
    percent = figures.percent
    return [
        Column("accuracy", " / ".join(names), "%", "higher", percent, _accuracy),
        Column("teacher", _("Teacher level"), "%", "", percent, _teacher),
        Column("control", _("Control level"), "%", "", percent, _control),
        Column("gain", _("Gain over control"), _("points"), "higher", figures.points, _gain),
        Column("parameters", _("Parameters"), "", "lower", figures.parameters,
               lambda row: _told(row, row.student.parameters)),
        Column("size", _("Size on disk"), _("bytes"), "lower", figures.size, lambda row: _told(row, row.student.size)),
        Column("latency", _("Latency"), "ms", "lower", figures.milliseconds,
               lambda row: _told(row, row.student.latency), same_machine=True),
        Column("rate", _("Throughput"), samples, "higher", lambda value: figures.rate(value, samples),
               lambda row: _told(row, row.student.rate), same_machine=True),
        Column("duration", _("Training time"), "s", "", figures.duration, _duration),
        *(
            Column(key, label, "%", "higher", percent, _column_of(key), needed=False)
            for key, label in (
                ("precision", _("Precision (macro)")),
                ("recall", _("Recall (macro)")),
                ("f1_score", _("F1 (macro)")),
                ("map_95", "mAP50-95"),
            )
        ),
    ]  # fmt: skip


def _accuracy(row: Measured) -> tuple[float | None, str]:
    if row.student.accuracy is not None:
        return row.student.accuracy, ""
    task = row.one.task
    if task.accuracy is not None and task.executor != Executor.SAMPLE:
        return float(task.accuracy), _("the last validation while it trained; there is no evaluation of the model")
    return (float(task.accuracy), _why_not(row)) if task.accuracy is not None else (None, _why_not(row))


def _teacher(row: Measured) -> tuple[float | None, str]:
    if row.teacher.accuracy is None and row.one.task.training_mode == "direct":
        return None, _("trained without a teacher")
    return _told(row, row.teacher.accuracy)


def _control(row: Measured) -> tuple[float | None, str]:
    return _without_control(row) or _told(row, row.control.accuracy)


def _gain(row: Measured) -> tuple[float | None, str]:
    return _without_control(row) or _told(row, row.gain)


def _without_control(row: Measured) -> tuple[None, str] | None:
    if row.control.accuracy is not None:
        return None
    if row.one.task.training_mode == "direct":
        return None, _("trained without a teacher")
    if not row.one.task.config.get("control"):
        return None, _("no control arm was asked for")
    return None


def _column_of(key: str) -> Callable[[Measured], tuple[float | None, str]]:
    def value(row: Measured) -> tuple[float | None, str]:
        found = getattr(row.evaluation, key, None)
        return _told(row, None if found is None else float(found))

    return value


def _duration(row: Measured) -> tuple[float | None, str]:
    task = row.one.task
    if task.duration is None:
        return None, _("the run has not ended") if task.status != TaskStatus.COMPLETED else _("not told by its script")
    return float(task.duration), ""


def _told(row: Measured, value: float | None) -> tuple[float | None, str]:
    return value, "" if value is not None else _why_not(row)


def _why_not(row: Measured) -> str:
    """Why the evaluation does not say it."""
    task = row.one.task
    if row.evaluation is not None:
        return _("the evaluation does not tell it")
    if task.executor == Executor.SAMPLE:
        return _("a sample: nothing was trained")
    if task.status != TaskStatus.COMPLETED:
        return _("not evaluated: %(state)s") % {"state": TaskStatus(task.status).label}
    if task.executor == Executor.EXTERNAL:
        return _("its script has reported no evaluation")
    return _("there is no evaluation")
