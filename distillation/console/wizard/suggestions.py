"""What a new form suggests, so that pressing "Next" throughout makes a sensible task, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from distillation.admin import words
from distillation.console.wizard.cards import data_types
from distillation.contract.options import BY_NAME
from distillation.contract.students import STUDENTS
from distillation.contract.task_types import USUAL_TYPE
from distillation.datasets.outline import Outline
from distillation.services.teacher_fit import Candidate


def first_type(datasets: Sequence[Outline]) -> str:
    """The first type of the catalogue for which there is data that can be used."""
    usable = {found.type for found in datasets if found.usable}
    return next((kind for kind in BY_NAME["taskType"].choices if kind in usable), USUAL_TYPE)


def only_dataset(datasets: Sequence[Outline], task_type: str) -> str:
    """The data set, where only one fits; which of several is meant nobody can know."""
    fitting = [found.id for found in datasets if found.usable and task_type in data_types(found, masks=False)]
    return fitting[0] if len(fitting) == 1 else ""


def first_student(task_type: str) -> str:
    """The smallest of its type."""
    fitting = [student for student in STUDENTS.values() if student.task_type == task_type]
    return min(fitting, key=lambda student: student.parameters).name


def best_teacher(found: Sequence[Candidate], unfit: Mapping[str, str], values: Mapping[str, Any]) -> str:
    """Who should teach: of those that fit the largest, one that was trained on the same data before others.

    A finished task whose student is no larger than this one is not suggested: it knows little that the labels do not.
    """
    student = STUDENTS.get(str(values.get("studentModel") or ""))
    size = student.parameters if student else 0
    fitting = [one for one in found if one.teacher.name not in unfit and (one.task is None or _larger(one, size))]
    if not fitting:
        return ""
    data = values.get("datasetId")
    best = max(fitting, key=lambda one: (bool(one.task and one.task.dataset_id == data), one.parameters or 0))
    return best.teacher.name


def advice(teacher: str, found: Sequence[Candidate]) -> str:
    """Why this teacher is suggested, or why none is."""
    if not teacher:
        return _("No larger model here can teach this yet, so direct training is suggested.")
    task = next(one.task for one in found if one.teacher.name == teacher)
    text = _("Suggested teacher: %(name)s. Of those that can teach this it is the largest that is known.")
    return text % {"name": task.task_name if task else teacher}


def name(values: Mapping[str, Any], dataset_name: str) -> str:
    """What it learns, from what, by whom; without the student where several are compared."""
    parts = [words.value_word(values.get("taskType") or USUAL_TYPE), dataset_name, values.get("studentModel")]
    return " · ".join(part for part in parts if part)


def _larger(one: Candidate, size: int) -> bool:
    """Whether the catalogue says so; a network of somebody's own is not in it."""
    return (one.parameters or 0) > size
