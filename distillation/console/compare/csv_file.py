"""Settings and figures of the compared tasks as a CSV that Excel opens as it is, Chinese included."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _

from distillation.admin import figures, words
from distillation.admin.metric_names import metric
from distillation.console.compare.figures_table import Table
from distillation.console.compare.measured import Measured, data_name
from distillation.console.compare.settings_table import Setting
from distillation.models import TaskStatus

BOM = "\ufeff"
"""Without it Excel takes UTF-8 for the code page of the machine."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Beginnings that a spreadsheet computes, in full width too."""


def text(rows: list[Measured], settings: Sequence[Setting], table: Table) -> str:
    """One line a task; figures are plain numbers whose unit stands in the head."""
    head = [
        "", _("Task id"), _("Task name"), _("Owner"), _("Status"), _("Task type"), _("Metric"), _("Measured on"),
        _("Samples"),
        *(f"{column.label} ({column.unit})" if column.unit else column.label for column in table.columns),
        *(setting.label for setting in settings),
    ]  # fmt: skip
    lines = [
        [
            *_about(row),
            *(_number(cell.value) for cell in line.cells),
            *("" if setting.cells[index] == figures.DASH else setting.cells[index] for setting in settings),
        ]
        for index, (row, line) in enumerate(zip(rows, table.lines, strict=True))
    ]
    return written([head, *lines])


def written(lines: Iterable[Sequence[Any]]) -> str:
    """CSV with a byte order mark; texts are told apart from formulas, numbers stay numbers."""
    out = io.StringIO()
    out.write(BOM)
    csv.writer(out).writerows([[safe(cell) for cell in line] for line in lines])
    return out.getvalue()


def safe(cell: Any) -> Any:
    """A cell that no spreadsheet computes: an apostrophe goes before what looks like a formula."""
    if not isinstance(cell, str):
        return cell
    cell = cell.replace("\0", "")
    return f"'{cell}" if cell.startswith(_FORMULA) or cell.lstrip().startswith(_FORMULA) else cell


def _about(row: Measured) -> list[Any]:
    task = row.one.task
    return [
        row.one.letter,
        task.task_id,
        task.task_name,
        task.create_by or "",
        str(TaskStatus(task.status).label) if task.status in TaskStatus.values else task.status,
        words.value_word(row.ground.kind),
        metric(task),
        data_name(row) if row.evaluation else "",
        "" if row.ground.samples is None else row.ground.samples,
    ]


def _number(value: float | None) -> Any:
    """Whole numbers without a point, others to the last digit."""
    if value is None:
        return ""
    return int(value) if value.is_integer() else round(value, 6)
