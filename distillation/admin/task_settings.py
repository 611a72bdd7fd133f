"""A task's settings, and what is particular about them: beside the task it was cloned from, or beside the defaults."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from distillation import selectors
from distillation.admin import words
from distillation.admin.access import held
from distillation.contract.option import Option
from distillation.contract.options import GROUPS, OPTIONS
from distillation.models import TrainingTask
from distillation.services.flat import flat

NAMES = {"taskName", "description", "taskInputName", "remark"}
"""What a task is called is no setting."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row."""

    label: str
    value: str
    other: str
    """What stands in its place elsewhere; empty where it is the same."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The tab."""

    source: TrainingTask | None
    """The task this one was cloned from, where the reader may see it."""
    hidden_source: bool
    differing: list[Setting]
    groups: list[tuple[str, list[Setting]]]


def settings(task: TrainingTask, request: HttpRequest) -> Settings:
    """The settings by group; at most two queries."""
    source = _source(task, request)
    values, others = flat(task), flat(source) if source else None
    shown = list(_shown(task, values))
    differing = _differing(shown, values, others)
    groups = [
        (_(title), [differing.get(option.name) or _same(option, values) for option in shown if option.group == key])
        for key, title in GROUPS.items()
    ]
    return Settings(
        source=source,
        hidden_source=bool(task.cloned_from) and source is None,
        differing=list(differing.values()),
        groups=[(title, rows) for title, rows in groups if rows],
    )


def _source(task: TrainingTask, request: HttpRequest) -> TrainingTask | None:
    if not task.cloned_from:
        return None
    return selectors.visible(TrainingTask.objects.filter(task_id=task.cloned_from), held(request)).first()


def _shown(task: TrainingTask, values: dict[str, Any]) -> Iterable[Option]:
    """In direct training without what only a teacher needs, and LoRA only where it is used."""
    direct = task.training_mode == "direct"
    no_lora = direct and values.get("loraTarget", "none") == "none"
    for option in OPTIONS:
        if option.name in values and (option.direct or not direct) and not (no_lora and option.group == "lora"):
            yield option


def _differing(shown: list[Option], values: dict[str, Any], others: dict[str, Any] | None) -> dict[str, Setting]:
    """By option: where the value is another than the source's or, without a source, than the default."""
    found = {}
    for option in shown if others is None else OPTIONS:
        value = values.get(option.name)
        other = option.default if others is None else others.get(option.name)
        if option.name in NAMES or value == other or (others is None and other is None):
            continue
        found[option.name] = Setting(_(option.label), words.setting(value), words.setting(other))
    return found


def _same(option: Option, values: dict[str, Any]) -> Setting:
    return Setting(_(option.label), words.setting(values[option.name]), "")
