"""Which teachers and students learn through adapters, and what else a run with them needs."""

from __future__ import annotations

from dataclasses import dataclass

from distillation.contract.sentence import Problem, Sentence, gettext_noop
from distillation.contract.students import STUDENTS
from distillation.contract.teachers import FAMILIES

ADAPTABLE_TEACHERS = ("huggingface", "clip", "siglip")
JOINT_TEACHERS = ("huggingface",)
"""A zero-shot teacher's scores have a fixed scale, which is not the student's to pull at."""
ADAPTABLE_STUDENTS = ("vit",)
"""Families. The others are convolutions that are small enough to be trained whole, or have no attention."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request or a spec asks for, as far as adapters depend on it."""

    target: str
    """``none``, ``teacher`` or ``student``."""
    joint: bool
    direct: bool
    task_type: str
    student: str
    init: str
    augmentation: str
    quantization: str
    features: bool
    """Whether the teacher's features are compared."""
    seeds: int = 1
    """How many there are."""


def problems(wish: Wish) -> list[Problem]:
    """What of it cannot be had, by option."""
    if wish.joint and wish.target != "teacher":
        sentence = gettext_noop(
            "With collaboration joint the teacher learns too, through adapters: choose loraTarget teacher, or "
            "collaboration none."
        )
        return _refused("collaboration", sentence)
    if wish.joint and wish.features:
        sentence = gettext_noop(
            "With collaboration joint the answers of the same step are compared: choose distillationType logit, or "
            "collaboration none."
        )
        return _refused("distillationType", sentence)
    if wish.joint and wish.seeds > 1:
        sentence = gettext_noop(
            "With collaboration joint a teacher learns together with one student, and there are {count} seeds. Clone "
            "the task for each seed, or choose collaboration none."
        )
        return _refused("seeds", sentence, count=wish.seeds)
    if wish.target == "teacher":
        return _of_teacher(wish)
    return _of_student(wish) if wish.target == "student" else []


def kind_problem(name: str, kind: str, *, joint: bool) -> Sentence | None:
    """Why the teacher ``name`` of this kind cannot be adapted; None when it can."""
    able = JOINT_TEACHERS if joint else ADAPTABLE_TEACHERS
    if kind in able:
        return None
    template = (
        gettext_noop(
            "The teacher {name} is {what}, which cannot learn together with the student. Kinds that can: {able}. "
            "Choose such a teacher, or collaboration none."
        )
        if joint
        else gettext_noop(
            "The teacher {name} is {what}, which takes no LoRA adapters. Kinds that do: {able}. Choose such a teacher, "
            "or loraTarget none."
        )
    )
    family = FAMILIES.get(kind)
    what = Sentence(family.label).as_json() if family else kind
    return Sentence(template, {"name": name, "what": what, "able": ", ".join(able)})


def _of_teacher(wish: Wish) -> list[Problem]:
    if wish.direct:
        return _refused(
            "loraTarget",
            gettext_noop("Direct training has no teacher to adapt. Choose loraTarget none, or distillation."),
        )
    if wish.task_type != "classification":
        return _refused(
            "loraTarget",
            gettext_noop(
                "loraTarget teacher adapts teachers of classification; the task is {task_type}. Choose loraTarget none."
            ),
            task_type=wish.task_type,
        )
    if wish.augmentation != "none":
        return _refused(
            "augmentation",
            gettext_noop(
                "A teacher with adapters looks at the pictures as they are; augmentation is {value}. Choose "
                "augmentation none, or loraTarget none."
            ),
            value=wish.augmentation,
        )
    if wish.quantization != "none":
        return _refused(
            "teacherQuantization",
            gettext_noop(
                "A teacher is adapted in full precision; teacherQuantization is {value}. Choose none, or loraTarget "
                "none."
            ),
            value=wish.quantization,
        )
    return []


def _of_student(wish: Wish) -> list[Problem]:
    student = STUDENTS.get(wish.student)
    if student is None:
        return []
    if student.family not in ADAPTABLE_STUDENTS:
        return _refused(
            "loraTarget",
            gettext_noop(
                "The student {student} takes no LoRA adapters; students that do: {able}. Choose one of them, or "
                "loraTarget none."
            ),
            student=student.name,
            able=", ".join(one.name for one in STUDENTS.values() if one.family in ADAPTABLE_STUDENTS),
        )
    if wish.init == "random":
        return _refused(
            "loraTarget",
            gettext_noop(
                "With loraTarget student all but small adapters and the last layer is frozen, and frozen weights that "
                "were drawn at random know nothing. Choose studentInitMethod pretrained or distill, or loraTarget "
                "none."
            ),
        )
    return []


def _refused(field: str, template: str, **params: str | int) -> list[Problem]:
    return [Problem(field, Sentence(template, params))]
