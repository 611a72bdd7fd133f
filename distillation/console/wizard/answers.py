"""What was filled in, as the services take it: changes, lists of values, and the flat request that both amount to.

The form of a task that exists is compared with what the page showed when it was opened, so that only what the
person changed is a change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import QueryDict

from distillation.admin import words
from distillation.console.wizard.steps import others_field, takes_others, takes_several
from distillation.contract.option import Option
from distillation.contract.options import BY_NAME, OPTIONS
from distillation.contract.students import STUDENTS
from distillation.contract.task_types import type_of_name
from distillation.models import TrainingTask
from distillation.services.flat import flat
from distillation.services.tasks import with_changes

COMMAS = str.maketrans({"，": ",", "、": ","})
"""As Chinese keyboards write them."""


@dataclass
class Answers:
    """A filled-in form. ``task`` is the one that is edited or cloned."""

    posted: Mapping[str, Any]
    shown: dict[str, str]
    """What the page showed before, as text; empty for a new task."""
    task: TrainingTask | None = None
    edits: bool = False
    lists: dict[str, list[str]] = field(init=False, default_factory=dict)
    changes: dict[str, Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for option in OPTIONS:
            raw = self._raw(option)
            values = None if self.edits else several(option, raw) or self._compared(option, raw)
            if values:
                self.lists[option.name] = values
            elif self._is_said(option, raw):
                self.changes[option.name] = raw

    @cached_property
    def base(self) -> dict[str, Any]:
        """The flat request without the lists."""
        return with_changes(flat(self.task), self.changes) if self.task else dict(self.changes)

    @cached_property
    def first(self) -> dict[str, Any]:
        """The flat request with the first value of each list."""
        values = {name: values[0] for name, values in self.lists.items()}
        return with_changes(self.base, values) if values else self.base

    @cached_property
    def asked(self) -> dict[str, Any]:
        """The same without defaults, which a form sends for every field: nobody asked for them.

        Not of LoRA's values beside a preset, which would fill them.
        """
        kept = {"lora"} if self.first.get("loraPreset") else set()
        return {
            name: value
            for name, value in self.first.items()
            if BY_NAME[name].default is None or BY_NAME[name].group in kept or not _is_default(BY_NAME[name], value)
        }

    def _raw(self, option: Option) -> Any:
        left_out = self._is_hidden(option) and option.name not in self.posted
        if option.kind == "boolean":
            return bool(option.default) if left_out else bool(self.posted.get(option.name))
        return str(self.posted.get(option.name, ""))

    def _compared(self, option: Option, raw: Any) -> list[str] | None:
        """The chosen value and the others that are ticked; None where none is."""
        others = ticked(self.posted, option)
        if not others:
            return None
        chosen = [str(raw)] if option.name in self.posted else []
        values = list(dict.fromkeys([*chosen, *others]))
        return values if len(values) > 1 else None

    def _is_hidden(self, option: Option) -> bool:
        """Whether the page switches the field off; what is switched off is not sent."""
        return not option.direct and self.posted.get("trainingMode") == "direct"

    def _is_said(self, option: Option, raw: Any) -> bool:
        if self.task is None:
            return bool(raw != "")
        return str(raw) != self.shown.get(option.name, "False" if option.kind == "boolean" else "")


def _is_default(option: Option, value: Any) -> bool:
    return as_typed(value) == as_typed(option.default)


def ticked(posted: Mapping[str, Any], option: Option) -> list[str]:
    """The other choices that were ticked beside the chosen one."""
    return posted.getlist(others_field(option)) if isinstance(posted, QueryDict) and takes_others(option) else []


def several(option: Option, raw: Any) -> list[str] | None:
    """The values of a list such as ``1, 2, 4``; None for one value."""
    if not isinstance(raw, str) or not takes_several(option):
        return None
    parts = [part.strip() for part in raw.translate(COMMAS).split(",")]
    while parts and not parts[-1]:
        parts.pop()
    return parts if len(parts) > 1 else None


def shown_values(task: TrainingTask) -> dict[str, str]:
    """What the form of a task shows before anybody types; where the row says nothing, the default that counts."""
    usual = {option.name: option.default for option in OPTIONS if option.default is not None}
    usual |= {"taskType": _type_of(task), "executor": settings.DISTILLATION_DEFAULT_EXECUTOR}
    return {name: as_typed(value) for name, value in (usual | flat(task)).items()}


def _type_of(task: TrainingTask) -> str:
    """What a row without a stated type learns, as its student's name says."""
    student = STUDENTS.get(task.student_model)
    return student.task_type if student else type_of_name(task.student_model or "")


def as_typed(value: Any) -> str:
    """As people type it: 50 rather than 50.0, 0.00001 rather than 1e-05, names with commas."""
    if isinstance(value, float):
        return f"{value:.10f}".rstrip("0").rstrip(".")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def in_words(option: Option, value: Any) -> str:
    """A value of the form as a page shows it; switches travel as text."""
    return words.setting(str(value) == "True" if option.kind == "boolean" else value)


def as_initial(shown: Mapping[str, str]) -> dict[str, Any]:
    """The form's first values: switches as what they are, the others as text."""
    switches = {option.name for option in OPTIONS if option.kind == "boolean"}
    return {name: text == "True" if name in switches else text for name, text in shown.items()}


def defaults() -> dict[str, Any]:
    """A new form shows the catalogue's defaults; LoRA stays empty, so that a preset can fill it."""
    values = {
        option.name: option.default if option.kind == "boolean" else as_typed(option.default)
        for option in BY_NAME.values()
        if option.default is not None and option.group != "lora"
    }
    return {**values, "executor": settings.DISTILLATION_DEFAULT_EXECUTOR}
