"""A smaller student for a finished task that can teach: what a new task begins with. Asks neither database nor data."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from distillation.contract.request import read
from distillation.contract.students import STUDENTS
from distillation.models import TrainingTask
from distillation.services.teacher_fit import teacher_problem
from distillation.services.teachers import Teacher, task_teacher


def smaller(task: TrainingTask) -> dict[str, Any]:
    """The first values of a request in which the task teaches the smallest student; empty where it cannot.

    The pictures have the student's usual size, or the teacher's where the teacher takes no other.
    """
    teacher = task_teacher(task)
    if teacher.reason is not None:
        return {}
    for kind in teacher.teaches:
        student = min((one for one in STUDENTS.values() if one.task_type == kind), key=lambda one: one.parameters)
        own = STUDENTS.get(task.student_model)
        if own is not None and own.parameters <= student.parameters:
            continue
        values = {
            "trainingMode": "distillation",
            "taskType": kind,
            "datasetId": task.dataset_id,
            "teacherModel": task.task_id,
            "studentModel": student.name,
        }
        sized = values | {"imageSize": str(teacher.image_size)} if teacher.image_size else values
        for wanted in (values, sized):
            if _fits(teacher, wanted):
                return wanted
    return {}


def _fits(teacher: Teacher, values: dict[str, Any]) -> bool:
    request, problems = read(values | {"taskName": "-"}, default_executor=settings.DISTILLATION_DEFAULT_EXECUTOR)
    return not problems and teacher_problem(teacher, request, None) is None
