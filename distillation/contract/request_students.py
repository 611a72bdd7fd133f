"""Which student a request names and what it learns: full names, bare families with a size, and what disagrees."""

from __future__ import annotations

from typing import Any

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.students import FAMILY_DEFAULTS, STUDENTS, Student
from distillation.contract.task_types import type_of_name


def resolve_student(values: dict[str, Any], *, external: bool) -> Student | None:
    """Replace ``studentModel`` by its full name and check family, size, task type and picture size against it.

    A ``taskType`` that is not given follows from the student's name, also where the request is refused, so that
    other checks can rely on it. Returns None for an external task, whose names are labels. Raises Refused.
    """
    name = str(values["studentModel"] or "")
    student = STUDENTS.get(_full_name(name.lower(), values))
    asked = values.get("taskType")
    values["taskType"] = asked or (student.task_type if student else type_of_name(name.lower()))
    if not name:
        raise Refused(Sentence(gettext_noop("Choose a student; available: {available}."), _available()))
    if external:
        return None
    if student is None:
        raise Refused(
            Sentence(
                gettext_noop("There is no student {name}; available: {available}."), {"name": name, **_available()}
            )
        )
    _check_agreement(student, values)
    _check_task_type(student, asked)
    _check_image_size(student, values["imageSize"])
    values["studentModel"] = student.name
    return student


def _full_name(name: str, values: dict[str, Any]) -> str:
    size = str(values["studentModelSize"] or "").lower()
    families = {student.family for student in STUDENTS.values()}
    if name not in families or name in STUDENTS:
        return name
    if size:
        return f"{name}-{size}" if f"{name}-{size}" in STUDENTS else f"{name}{size}"
    return FAMILY_DEFAULTS.get(name, name)


def _available() -> dict[str, str]:
    return {"available": ", ".join(STUDENTS)}


def _check_agreement(student: Student, values: dict[str, Any]) -> None:
    family, size = values["studentModelType"], str(values["studentModelSize"] or "").lower()
    suffix = student.name.removeprefix(student.family).lstrip("-")
    if (family and family != student.family) or (size and size not in (suffix, student.name)):
        raise Refused(
            Sentence(
                gettext_noop(
                    "The student {name} is of the family {family} and of size {size}, but the request says "
                    "family {asked_family} and size {asked_size}. Send values that agree."
                ),
                {
                    "name": student.name,
                    "family": student.family,
                    "size": suffix,
                    "asked_family": str(family or "–"),
                    "asked_size": size or "–",
                },
            )
        )


def _check_task_type(student: Student, asked: str | None) -> None:
    if asked is None or asked == student.task_type:
        return
    fitting = [other.name for other in STUDENTS.values() if other.task_type == asked]
    raise Refused(
        Sentence(
            gettext_noop(
                "The student {name} learns {task_type}, but the request says {asked}. Leave taskType out, or choose a "
                "student for it: {fitting}."
            ),
            {
                "name": student.name,
                "task_type": student.task_type,
                "asked": asked,
                "fitting": ", ".join(fitting) or "–",
            },
        )
    )


def _check_image_size(student: Student, image_size: int | None) -> None:
    if image_size is None:
        return
    if not student.takes_pictures:
        raise Refused(
            Sentence(
                gettext_noop("{name} reads no pictures and has no image size; the request says {asked}. Leave it out."),
                {"name": student.name, "asked": image_size},
            )
        )
    if image_size < student.min_image_size or image_size % student.size_multiple:
        raise Refused(
            Sentence(
                gettext_noop(
                    "{name} needs an image size of at least {minimum} pixels and a multiple of {multiple}; "
                    "the request says {asked}."
                ),
                {
                    "name": student.name,
                    "minimum": student.min_image_size,
                    "multiple": student.size_multiple,
                    "asked": image_size,
                },
            )
        )
