"""Whether a teacher and what is asked for fit together, and all teachers that can be chosen from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from distillation.contract.create_request import CreateRequest
from distillation.contract.sentence import Sentence
from distillation.contract.students import STUDENTS
from distillation.datasets.box_prompts import classes_of
from distillation.datasets.class_names import is_background
from distillation.datasets.outline import Outline
from distillation.models import Executor, TaskStatus, TrainingTask
from distillation.selectors import Rights, tasks_seen_by
from distillation.services.teachers import (
    Teacher,
    adapter_problem,
    class_problem,
    directory_teacher,
    feature_problem,
    pair_problem,
    task_teacher,
    view_problem,
)
from distillation.storage.local import model_directories

TASKS_OFFERED = 500
"""The newest completed tasks that are looked at; each costs a look at its files."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who might teach."""

    teacher: Teacher
    task: TrainingTask | None
    """Whose student it is; None for a model directory."""

    @property
    def parameters(self) -> int | None:
        """As the catalogue of students knows them."""
        student = STUDENTS.get(self.task.student_model) if self.task else None
        return student.parameters if student else None


def candidates(seen_by: Rights) -> Iterator[Candidate]:
    """Finished tasks that somebody with these rights sees and that have a model, then the model directories."""
    finished = tasks_seen_by(seen_by).filter(status=TaskStatus.COMPLETED).exclude(executor=Executor.SAMPLE)
    for task in finished.exclude(model_path=None)[:TASKS_OFFERED]:
        yield Candidate(task_teacher(task), task)
    for name in model_directories():
        yield Candidate(directory_teacher(name, Path(settings.MODELS_ROOT) / name), None)


def teacher_problem(teacher: Teacher, request: CreateRequest, data: Outline | None) -> Sentence | None:
    """Why the teacher cannot teach the request's student on this data, None when it can.

    Without data, which may not be chosen yet, nothing is said about classes.
    """
    return (
        teacher.reason
        or pair_problem(teacher, request.values["taskType"])
        or (class_problem(teacher, run_classes(request, data), data.id) if data else None)
        or view_problem(teacher, request)
        or feature_problem(teacher, request)
        or adapter_problem(teacher, request)
    )


def run_classes(request: CreateRequest, data: Outline) -> tuple[str, ...]:
    """The classes that a run has: outlines taken as boxes have no background, boxes that are drawn into have one."""
    if data.type == "segmentation" and request.values["taskType"] == "detection":
        return tuple(name for name in data.classes if not is_background(name))
    if data.type == "detection" and request.values["taskType"] == "segmentation" and data.classes:
        return classes_of(data.classes)
    return data.classes
