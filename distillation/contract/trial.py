"""The spec of a trial: a few pictures or texts about which a student and its teacher are asked, side by side.

Paths are relative to ``DISTILLATION_HOME``. The engine writes ``student.json`` and ``teacher.json`` beside the spec,
each as soon as it is whole, and a picture as browsers show it into ``shown/``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import TeacherSpec

VERSION = 1

OF_PICTURES = ("classification", "detection", "segmentation")
TASK_TYPES = (*OF_PICTURES, "text")
"""Types of task whose students can be asked about what a person brings."""

MOST = 20
"""Pictures or texts of one trial."""
MAX_BYTES = 20 * 1024 * 1024
"""Of one picture."""
MAX_TEXT = 2000
"""Characters of one text."""
LEAST_SCORE = 0.05
"""Boxes below it are not answered: whoever looks sets the threshold above it."""
MOST_OBJECTS = 300
"""Of one picture that are answered, the surest."""
MOST_CLASSES = 10
"""Of one picture or text that are answered, the likeliest."""

TRYING = "trying"
"""Event: phase (one of PHASES), done, total."""
PHASES = ("read", "load_student", "student", "load_teacher", "teacher")
"""In their order; before the first one the engine starts."""

INPUTS, SHOWN = "inputs", "shown"
"""Folders of a trial: what was uploaded, and ``<number>.jpg`` for browsers."""
SIDES = ("student", "teacher")
"""The models that are asked; the names of their files of answers."""


@dataclass(frozen=True, slots=True)
class TrialInput:
    """One thing that the models are asked about."""

    name: str
    """For people: the uploaded file's own name, or the beginning of the text."""
    file: str = ""
    """In the folder of inputs; empty for a text."""
    text: str = ""


@dataclass(frozen=True, slots=True)
class TrialSpec:
    """One trial."""

    trial_id: str
    task_type: str
    model_path: str
    """The student's directory."""
    inputs: tuple[TrialInput, ...]
    teacher: TeacherSpec | None = None
    """None where no teacher is asked; ``no_teacher`` says why."""
    no_teacher: dict[str, Any] | None = None
    """A sentence in the form of ``Sentence.as_json``."""
    teacher_note: dict[str, Any] | None = None
    """What people should know of the teacher's answers, in the same form."""
    threads: int = 1
    version: int = VERSION

    def to_json(self) -> str:
        """Stable text: equal specs give equal bytes."""
        return json.dumps(asdict(self), indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> TrialSpec:
        """Read a spec. Raises Refused when it is of another version or not a spec."""
        try:
            raw: dict[str, Any] = json.loads(text)
            if raw.get("version") == VERSION:
                inputs = tuple(TrialInput(**one) for one in raw["inputs"])
                teacher = TeacherSpec(**raw["teacher"]) if raw["teacher"] else None
                return cls(**{**raw, "inputs": inputs, "teacher": teacher})
            found = str(raw.get("version"))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            found = str(error)
        raise Refused(
            Sentence(gettext_noop("The trial's spec.json cannot be read ({error}). Try again."), {"error": found})
        )
