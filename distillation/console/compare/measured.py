"""What is known of each compared task: its evaluation as numbers, and what these were measured on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from distillation.admin import figures, level_figures, loose, words
from distillation.admin.level_figures import LevelFigures
from distillation.admin.metric_names import kind, metric
from distillation.console.compare.chosen import One
from distillation.models import ModelEvaluation


@dataclass(frozen=True, slots=True)
class Ground:
    """What figures must share before one of them can be called better."""

    kind: str
    """The type of the task."""
    data: str
    """The data set of the evaluation; empty where it is not known."""
    samples: int | None


@dataclass(frozen=True, slots=True)
class Measured:
    """One task with its newest evaluation."""

    one: One
    evaluation: ModelEvaluation | None
    details: dict[str, Any]
    """The evaluation's JSON with loose keys."""
    ground: Ground
    student: LevelFigures
    teacher: LevelFigures
    teacher_name: str
    control: LevelFigures

    @property
    def gain(self) -> float | None:
        """Student less control, in points."""
        if self.student.accuracy is None or self.control.accuracy is None:
            return None
        return self.student.accuracy - self.control.accuracy


def measured(one: One, evaluation: ModelEvaluation | None) -> Measured:
    """Read the evaluation, whoever wrote it; without one everything is None."""
    details = loose.keys(loose.parsed(evaluation.detailed_results)) if evaluation else {}
    teacher = loose.part(details, "teacher")
    return Measured(
        one=one,
        evaluation=evaluation,
        details=details,
        ground=_ground(one, evaluation),
        student=level_figures.read(details),
        teacher=level_figures.read(teacher),
        teacher_name=str(teacher.get("name") or one.task.teacher_model or _("Teacher")),
        control=level_figures.read(loose.part(details, "control")),
    )


def grounds(rows: Iterable[Measured]) -> dict[Ground, list[Measured]]:
    """The evaluated tasks by what they were measured on, in their order."""
    found: dict[Ground, list[Measured]] = {}
    for row in rows:
        if row.evaluation is not None:
            found.setdefault(row.ground, []).append(row)
    return found


def described(ground: Ground, rows: list[Measured]) -> str:
    """Type, metric, data and number of samples."""
    parts = [words.value_word(ground.kind), metric(rows[0].one.task), data_name(rows[0])]
    if ground.samples is not None:
        text = ngettext("%(n)s sample", "%(n)s samples", ground.samples)
        parts.append(text % {"n": figures.count(ground.samples)})
    return " · ".join(parts)


def data_name(row: Measured) -> str:
    """What the evaluation was made on, as people call it."""
    evaluation = row.evaluation
    named = (evaluation.eval_dataset_name or evaluation.eval_dataset_id) if evaluation else None
    return named or _("unknown data")


def _ground(one: One, evaluation: ModelEvaluation | None) -> Ground:
    if evaluation is None:
        return Ground(kind(one.task), one.task.val_dataset_id or one.task.dataset_id or "", None)
    return Ground(kind(one.task), evaluation.eval_dataset_id or "", evaluation.eval_sample_count)
