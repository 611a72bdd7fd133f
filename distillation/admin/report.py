"""An evaluation's detailed results as tables: levels of teacher, student and control, classes, confusion matrix.

The JSON comes from the engine, from scripts elsewhere and from legacy rows, so every part may be absent, be
spelled in camelCase or be something else entirely; what cannot be read is left out, never an error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from distillation.admin import figures, level_figures, loose, report_matrix, report_seeds
from distillation.admin.report_matrix import Confusion
from distillation.admin.report_seeds import Seeds
from distillation.models import ModelEvaluation

MAX_CLASSES = 200
MAX_BINS = 30


@dataclass(frozen=True, slots=True)
class Level:
    """One row of the comparison."""

    who: str
    accuracy: float | None
    cells: list[str]
    best: bool = False


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
    confusion: Confusion
    seeds: Seeds | None = None
    reliability: list[list[str]] = field(default_factory=list)
    """Confidence from … to, samples, mean confidence, share of right answers."""


def read(evaluation: ModelEvaluation) -> Report:
    """The evaluation's tables."""
    details = loose.keys(loose.parsed(evaluation.detailed_results))
    student = loose.number(details.get("accuracy"))
    teacher, control = loose.part(details, "teacher"), loose.part(details, "control")
    names = [str(name) for name in loose.items(details.get("classes"))]
    heads, classes = _classes(details)
    return Report(
        evaluation=evaluation,
        student=student,
        teacher=loose.number(teacher.get("accuracy")),
        control=loose.number(control.get("accuracy")),
        levels=_levels(teacher, details, control),
        averages=_averages(evaluation) + _averages_of(details),
        classes=classes,
        class_heads=heads,
        confusion=report_matrix.read(loose.items(details.get("confusionmatrix")), names),
        seeds=report_seeds.read(details),
        reliability=_reliability(details),
    )


def _levels(teacher: dict[str, Any], student: dict[str, Any], control: dict[str, Any]) -> list[Level]:
    rows = [
        _level(_("Teacher"), teacher),
        _level(_("Student, distilled") if teacher else _("Student"), student),
        _level(_("Control arm, without teacher"), control),
    ]
    rows = [row for row in rows if row is not None]
    small = [row.accuracy for row in rows[1:] if row is not None and row.accuracy is not None] if teacher else []
    earlier = _level(_("Teacher, before it learned"), {"accuracy": loose.part(student, "lora").get("accuracybefore")})
    levels = [
        Level(row.who, row.accuracy, row.cells, best=bool(small) and index > 0 and row.accuracy == max(small))
        for index, row in enumerate(rows)
        if row is not None
    ]
    return levels if earlier is None else [earlier, *levels]


def _level(who: str, part: dict[str, Any]) -> Level | None:
    found = level_figures.read(part)
    cells = [
        figures.percent(found.accuracy),
        figures.parameters(found.parameters),
        figures.size(found.size),
        figures.rate(found.rate, _("images/s")),
        figures.milliseconds(found.latency),
    ]
    return Level(who, found.accuracy, cells) if any(cell != figures.DASH for cell in cells) else None


def _averages(evaluation: ModelEvaluation) -> list[tuple[str, str]]:
    pairs = [
        (_("Precision (macro)"), evaluation.precision),
        (_("Recall (macro)"), evaluation.recall),
        (_("F1 (macro)"), evaluation.f1_score),
        ("mAP50", evaluation.map_50),
        ("mAP50-95", evaluation.map_95),
    ]
    return [(name, figures.percent(value)) for name, value in pairs if value is not None]


def _averages_of(details: dict[str, Any]) -> list[tuple[str, str]]:
    pairs = [
        (_("Top-5 accuracy"), details.get("top5")),
        (_("Calibration error"), details.get("calibrationerror")),
        (_("Mean Dice"), details.get("dice")),
        (_("Pixel accuracy"), details.get("pixelaccuracy")),
    ]
    return [(name, figures.percent(value)) for name, found in pairs if (value := loose.number(found)) is not None]


def _reliability(details: dict[str, Any]) -> list[list[str]]:
    rows = [loose.keys(row) for row in loose.objects(details.get("reliability"))[:MAX_BINS]]
    return [
        [
            f"{figures.percent(loose.number(row.get('from')), 0)} – {figures.percent(loose.number(row.get('to')), 0)}",
            figures.count(loose.number(row.get("count"))),
            figures.percent(loose.number(row.get("confidence"))),
            figures.percent(loose.number(row.get("accuracy"))),
        ]
        for row in rows
    ]


def _classes(details: dict[str, Any]) -> tuple[list[str], list[tuple[str, list[str]]]]:
    rows = [loose.keys(row) for row in loose.objects(details.get("perclass"))[:MAX_CLASSES]]
    if rows:
        known = [pair for pair in _class_figures() if any(loose.first(row, *pair[1]) is not None for row in rows)]
        return [*(head for head, _names in known), _("Samples")], [_class_row(row, known) for row in rows]
    if isinstance(details.get("perclass"), list):
        return [], []
    simple = loose.first(details, "classaccuracies", "classaccuracy", "perclassaccuracy", "perclass")
    if isinstance(simple, dict):
        pairs = list(simple.items())[:MAX_CLASSES]
        return [_("Accuracy")], [(str(name), [figures.percent(loose.number(value))]) for name, value in pairs]
    return [], []


def _class_figures() -> list[tuple[str, tuple[str, ...]]]:
    """Heads of the columns and the names of their figures; a column that no class has is left out."""
    return [
        (_("Precision"), ("precision",)),
        (_("Recall"), ("recall",)),
        ("F1", ("f1", "f1score")),
        ("AP50", ("ap50",)),
        ("AP50-95", ("ap95",)),
        ("IoU", ("iou",)),
        ("Dice", ("dice",)),
    ]


def _class_row(row: dict[str, Any], known: list[tuple[str, tuple[str, ...]]]) -> tuple[str, list[str]]:
    name = str(loose.first(row, "class", "name", "label") or figures.DASH)
    samples = figures.count(loose.number(loose.first(row, "support", "samples", "count")))
    return name, [*(figures.percent(loose.number(loose.first(row, *names))) for _head, names in known), samples]
