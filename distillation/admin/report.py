"""An evaluation's detailed results as tables: levels of teacher, student and control, classes, confusion matrix.

The JSON comes from the engine, from scripts elsewhere and from legacy rows, so every part may be absent, be
spelled in camelCase or be something else entirely; what cannot be read is left out, never an error.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from distillation.admin import figures
from distillation.models import ModelEvaluation

MAX_MATRIX = 30
"""A larger matrix cannot be read by a person."""
MAX_CLASSES = 200
LARGEST = 1e18


@dataclass(frozen=True, slots=True)
class Level:
    """One row of the comparison."""

    who: str
    accuracy: float | None
    cells: list[str]
    best: bool = False


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One true class: (count, share of the row in tenths, on the diagonal) for each predicted one."""

    name: str
    cells: list[tuple[int, int, bool]]


@dataclass(slots=True)
class Report:
    """What the page shows of one evaluation."""

    evaluation: ModelEvaluation
    student: float | None
    teacher: float | None
    control: float | None
    levels: list[Level]
    averages: list[tuple[str, str]]
    classes: list[tuple[str, list[str]]]
    class_heads: list[str]
    names: list[str]
    matrix: list[MatrixRow]
    left_out: str = ""


def read(evaluation: ModelEvaluation) -> Report:
    """The evaluation's tables."""
    details = _keys(_parsed(evaluation.detailed_results))
    student = _number(details.get("accuracy"))
    teacher, control = _part(details, "teacher"), _part(details, "control")
    names = [str(name) for name in _list(details.get("classes"))]
    matrix, left_out = _matrix(_list(details.get("confusionmatrix")), names)
    heads, classes = _classes(details)
    return Report(
        evaluation=evaluation,
        student=student,
        teacher=_number(teacher.get("accuracy")),
        control=_number(control.get("accuracy")),
        levels=_levels(teacher, details, control),
        averages=_averages(evaluation),
        classes=classes,
        class_heads=heads,
        names=[row.name for row in matrix],
        matrix=matrix,
        left_out=left_out,
    )


def _levels(teacher: dict[str, Any], student: dict[str, Any], control: dict[str, Any]) -> list[Level]:
    rows = [
        _level(_("Teacher"), teacher),
        _level(_("Student, distilled") if teacher else _("Student"), student),
        _level(_("Control arm, without teacher"), control),
    ]
    rows = [row for row in rows if row is not None]
    small = [row.accuracy for row in rows[1:] if row is not None and row.accuracy is not None] if teacher else []
    return [
        Level(row.who, row.accuracy, row.cells, best=bool(small) and index > 0 and row.accuracy == max(small))
        for index, row in enumerate(rows)
        if row is not None
    ]


def _level(who: str, part: dict[str, Any]) -> Level | None:
    accuracy = _number(part.get("accuracy"))
    speed = part.get("throughput")
    if isinstance(speed, dict):
        speed = _keys(speed).get("imagespersecond")
    rate = _first(part, "imagespersecond", "samplespersecond")
    cells = [
        figures.percent(accuracy),
        figures.parameters(_number(_first(part, "parameters", "parametercount", "params"))),
        figures.size(_number(_first(part, "sizebytes", "bytes", "modelbytes", "size", "filebytes"))),
        figures.rate(_number(rate if rate is not None else speed), _("images/s")),
    ]
    return Level(who, accuracy, cells) if any(cell != figures.DASH for cell in cells) else None


def _averages(evaluation: ModelEvaluation) -> list[tuple[str, str]]:
    pairs = [
        (_("Precision (macro)"), evaluation.precision),
        (_("Recall (macro)"), evaluation.recall),
        (_("F1 (macro)"), evaluation.f1_score),
        ("mAP50", evaluation.map_50),
        ("mAP50-95", evaluation.map_95),
    ]
    return [(name, figures.percent(value)) for name, value in pairs if value is not None]


def _classes(details: dict[str, Any]) -> tuple[list[str], list[tuple[str, list[str]]]]:
    per_class = details.get("perclass")
    if isinstance(per_class, list):
        heads = [_("Precision"), _("Recall"), "F1", _("Samples")]
        rows = [_class_row(_keys(row)) for row in per_class[:MAX_CLASSES] if isinstance(row, dict)]
        return (heads, rows) if rows else ([], [])
    simple = _first(details, "classaccuracies", "classaccuracy", "perclassaccuracy", "perclass")
    if isinstance(simple, dict):
        pairs = list(simple.items())[:MAX_CLASSES]
        return [_("Accuracy")], [(str(name), [figures.percent(_number(value))]) for name, value in pairs]
    return [], []


def _class_row(row: dict[str, Any]) -> tuple[str, list[str]]:
    shares = [_first(row, "precision"), _first(row, "recall"), _first(row, "f1", "f1score")]
    name = str(_first(row, "class", "name", "label") or figures.DASH)
    samples = figures.count(_number(_first(row, "support", "samples", "count")))
    return name, [*(figures.percent(_number(share)) for share in shares), samples]


def _matrix(rows: list[Any], names: list[str]) -> tuple[list[MatrixRow], str]:
    numbers = [[_number(cell) for cell in row] for row in rows if isinstance(row, list)]
    square = bool(numbers) and all(len(row) == len(numbers) and None not in row for row in numbers)
    if not square or len(numbers) != len(rows):
        return [], ""
    if len(numbers) > MAX_MATRIX:
        return [], _("The confusion matrix has %(count)s classes; it is shown up to %(limit)s.") % {
            "count": len(numbers),
            "limit": MAX_MATRIX,
        }
    labels = names if len(names) == len(numbers) else [str(index + 1) for index in range(len(numbers))]
    return [_matrix_row(labels[i], i, [int(cell or 0) for cell in row]) for i, row in enumerate(numbers)], ""


def _matrix_row(name: str, index: int, row: list[int]) -> MatrixRow:
    total = sum(row) or 1
    shades = [-(-10 * max(cell, 0) // total) for cell in row]  # rounded up, so that one mistake can be seen
    return MatrixRow(name, [(cell, shades[i], i == index) for i, cell in enumerate(row)])


def _parsed(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _keys(value: dict[str, Any]) -> dict[str, Any]:
    """camelCase and snake_case meet in the middle."""
    return {str(key).replace("_", "").lower(): item for key, item in value.items()}


def _part(details: dict[str, Any], name: str) -> dict[str, Any]:
    part = details.get(name)
    if isinstance(part, dict):
        return _keys(part)
    return {"accuracy": part} if _number(part) is not None else {}


def _first(part: dict[str, Any], *names: str) -> Any:
    return next((part[name] for name in names if part.get(name) is not None), None)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or abs(value) > LARGEST:
        return None
    return float(value) if math.isfinite(value) else None
