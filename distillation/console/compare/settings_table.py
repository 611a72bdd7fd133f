"""The settings of all tasks, and which of them differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from distillation.admin import figures, words
from distillation.contract.option import Option
from distillation.contract.options import GROUPS, OPTIONS
from distillation.models import TrainingTask
from distillation.services import effective

NAMES = frozenset({
    "taskName", "description", "taskInputName", "remark", "visibility", "priority", "datasetName", "valDatasetName",
})  # fmt: skip
"""What tells a task from others without changing what it learns."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One option over all tasks."""

    label: str
    name: str
    """On the wire."""
    group: str
    cells: list[str]
    differs: bool


def settings(tasks: list[TrainingTask]) -> list[dict[str, Any]]:
    """Of each task, every option with the value that counts; None where it has no part."""
    return [effective.settings_of(task) for task in tasks]


def rows(values: list[dict[str, Any]]) -> list[Setting]:
    """In the catalogue's order, without options that no task has a value of."""
    return list(_rows(values))


def _rows(values: list[dict[str, Any]]) -> Iterator[Setting]:
    for option in OPTIONS:
        if option.name in NAMES:
            continue
        found = [each.get(option.name) for each in values]
        cells = [_shown(option, value) for value in found]
        if any(cell != figures.DASH for cell in cells):
            group = _(GROUPS[option.group])
            yield Setting(_(option.label), option.name, group, cells, differs=len(set(cells)) > 1)


def _shown(option: Option, value: Any) -> str:
    if option.auto and value == 0:
        return _("chosen by the run")
    return words.setting(value)
