"""The form of a training task, made from the catalogue of options.

It checks nothing itself: types, limits and choices are contract's, and what the services refuse is shown at
the field that is meant. The HTML limits below come from the catalogue and only help while typing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from distillation import selectors
from distillation.admin import figures, words
from distillation.admin.access import held
from distillation.contract.option import Option
from distillation.contract.options import GROUPS, OPTIONS
from distillation.contract.request import InvalidRequest
from distillation.contract.students import STUDENTS
from distillation.models import LoraPreset, TrainingTask
from distillation.models.sentences import translate
from distillation.services.flat import flat

SELDOM = frozenset({
    "taskInputName", "remark", "executor", "priority", "taskType", "imageSize", "lrScheduler",
    "datasetName", "valDatasetName", "numClasses", "studentModelType", "studentModelSize",
    "softLabelWeight", "hardLabelWeight", "distillLossType", "distillationType", "featureLossType", "featureWeight",
    "intermediateLayers", "attentionDistill", "alignFeature",
    "gradAccumSteps", "maxGradNorm", "weightDecay", "seed", "seeds", "augmentation", "cacheViews", "selectBest",
    "teacherModelPath", "teacherParamSize", "studentParamSize",
    "teacherQuantization", "studentInitMethod", "studentPretrainPath",
    "method", "warmupRatio", "amp", "ema", "earlyStopping", "deterministic", "autoSaveCheckpoint", "checkpointInterval",
    "gpuDevices", "loraTargetModules", "loraLayers", "loraBiasTrain", "loraEpochs",
})  # fmt: skip
"""Shown behind "More settings"."""

LONG = frozenset({"taskName", "remark", "datasetId", "valDatasetId", "teacherModel", "studentModel"})
"""Take two columns."""

Choices = list[tuple[str, str]]


class TaskForm(forms.Form):
    """One field an option; the field's name is the option's name on the wire."""

    def __init__(self, request: HttpRequest, task: TrainingTask | None = None, data: Any = None) -> None:
        self.task = task
        self.stored = {name: _text(value) for name, value in (flat(task) if task else {}).items()}
        super().__init__(data, initial=self.stored if task else _defaults())
        places = _places(request)
        for option in OPTIONS:
            self.fields[option.name] = _field(option, self._choices(option, places))

    def _choices(self, option: Option, places: dict[str, Choices]) -> Choices | None:
        """What can be chosen, with the value that is chosen already even where it is gone from the disk."""
        choices = places.get(option.name)
        if choices is None:
            if not option.choices:
                return None
            choices = [(value, words.value_word(value)) for value in option.choices]
            if option.default is None and option.name != "executor":
                choices = [("", "—"), *choices]
        now = str(self.data.get(option.name, "") if self.is_bound else self.initial.get(option.name, ""))
        if now and now not in {value for value, _label in choices}:
            choices = [*choices, (now, _("%(name)s (not found here)") % {"name": now})]
        return choices

    def sent(self) -> dict[str, Any]:
        """What the services get: for a new task what is filled in, for an existing one what differs."""
        given = {option.name: self._raw(option) for option in OPTIONS}
        if self.task is None:
            return {name: value for name, value in given.items() if value != ""}
        return {name: value for name, value in given.items() if str(value) != self._before(name, value)}

    def _raw(self, option: Option) -> Any:
        if option.kind == "boolean":
            return bool(self.data.get(option.name))
        return str(self.data.get(option.name, ""))

    def _before(self, name: str, value: Any) -> str:
        return self.stored.get(name, "False" if isinstance(value, bool) else "")

    def refuse(self, invalid: InvalidRequest) -> None:
        """Show the services' sentences at the fields that they mean."""
        self.full_clean()
        for problem in invalid.problems:
            name = problem.field if problem.field in self.fields else None
            self.add_error(name, translate(problem.sentence))

    def groups(self) -> Iterator[Group]:
        """The fieldsets."""
        for key, title in GROUPS.items():
            options = [option for option in OPTIONS if option.group == key]
            cells = [Cell(self[option.name], option) for option in options]
            yield Group(
                key,
                _(title),
                [cell for cell in cells if cell.option.name not in SELDOM],
                [cell for cell in cells if cell.option.name in SELDOM],
            )


@dataclass(frozen=True, slots=True)
class Cell:
    """A field in the grid."""

    bound: forms.BoundField
    option: Option

    @property
    def long(self) -> bool:
        """Whether it takes two columns."""
        return self.option.name in LONG

    @property
    def switch(self) -> bool:
        """Whether it is a check box."""
        return self.option.kind == "boolean"


@dataclass(frozen=True, slots=True)
class Group:
    """A fieldset."""

    key: str
    title: str
    cells: list[Cell] = field(default_factory=list)
    more: list[Cell] = field(default_factory=list)

    @property
    def open(self) -> bool:
        """Whether something behind "More settings" needs to be seen."""
        return any(cell.bound.errors for cell in self.more)

    @property
    def only_with_teacher(self) -> bool:
        """Whether nothing here matters in direct training."""
        return not any(cell.option.direct for cell in self.cells)


def _field(option: Option, choices: Choices | None) -> forms.Field:
    shared: dict[str, Any] = {"label": _(option.label), "help_text": _help(option), "required": False}
    if option.kind == "boolean":
        return forms.BooleanField(**shared, widget=UnfoldBooleanSwitchWidget())
    if choices is not None:
        return forms.CharField(**shared, strip=False, widget=UnfoldAdminSelectWidget(choices=choices))
    return forms.CharField(**shared, strip=False, widget=_input(option))


def _input(option: Option) -> forms.Widget:
    attrs: dict[str, Any] = {"autocomplete": "off"}
    if option.kind in ("text", "list", "integers"):
        if option.max_length:
            attrs["maxlength"] = option.max_length
        if option.name in ("description", "remark"):
            return UnfoldAdminTextareaWidget(attrs={**attrs, "rows": 2})
        return UnfoldAdminTextInputWidget(attrs=attrs)
    attrs |= {"inputmode": "numeric" if option.kind == "integer" else "decimal", "class": "dd-number"}
    if option.default is not None:
        attrs["placeholder"] = _text(option.default)
    return UnfoldAdminTextInputWidget(attrs=attrs)


def _help(option: Option) -> str:
    """What it does and what is allowed: limits and default of the catalogue."""
    text = _(option.help) if option.help else ""
    if option.minimum is None or option.maximum is None:
        return text
    limits = _("%(minimum)s to %(maximum)s") % {
        "minimum": _text(option.minimum),
        "maximum": _text(option.maximum),
    }
    if option.default is not None:
        limits += " · " + _("default %(value)s") % {"value": _text(option.default)}
    return f"{text} {limits}"


def _defaults() -> dict[str, Any]:
    """A new form shows the catalogue's defaults; LoRA stays empty, so that a preset can fill it."""
    values = {
        option.name: option.default if option.kind == "boolean" else _text(option.default)
        for option in OPTIONS
        if option.default is not None and option.group != "lora"
    }
    return {**values, "executor": settings.DISTILLATION_DEFAULT_EXECUTOR}


def _places(request: HttpRequest) -> dict[str, Choices]:
    """Choices that the disk and the database know."""
    none = [("", "—")]
    data = [(found["value"], _dataset_label(found)) for found in selectors.datasets(request.user)]
    return {
        "datasetId": [("", _("Choose a data set")), *data],
        "valDatasetId": [("", _("The held-out part of the same data set")), *data],
        "teacherModel": [("", _("Choose a teacher")), *selectors.teachers(request.user)],
        "studentModel": [("", _("Choose a student")), *_students()],
        "loraPreset": [*none, *((name, name) for name in _presets(request))],
    }


def _dataset_label(found: dict[str, Any]) -> str:
    if found["problems"]:
        return _("%(name)s · has problems") % {"name": found["label"]}
    return _("%(name)s · %(classes)s classes · %(train)s training, %(val)s validation pictures") % {
        "name": found["label"],
        "classes": len(found["classes"]),
        "train": figures.count(found["train"]),
        "val": figures.count(found["val"]),
    }


def _students() -> Iterable[tuple[str, str]]:
    for student in STUDENTS.values():
        yield (
            student.name,
            _("%(name)s · %(parameters)s parameters")
            % {
                "name": student.name,
                "parameters": figures.parameters(student.parameters),
            },
        )


def _presets(request: HttpRequest) -> Iterable[str]:
    seen = selectors.visible(LoraPreset.objects.alive(), held(request))
    return seen.order_by("preset_name").values_list("preset_name", flat=True)


def _text(value: Any) -> str:
    """As people type it: 50 rather than 50.0, 0.00001 rather than 1e-05, names with commas."""
    if isinstance(value, float):
        return f"{value:.10f}".rstrip("0").rstrip(".")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
