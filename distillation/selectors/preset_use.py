"""Which tasks name a LoRA preset, and what their runs said that was adapted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from distillation.contract.names import comparable
from distillation.models import LogLine, TrainingTask
from distillation.selectors.rights import Rights
from distillation.selectors.tasks import tasks_seen_by

MOST_LOOKED_AT = 10_000
"""Tasks with any preset; older ones are not looked at."""
MOST_SHOWN = 50
ADAPTS = (
    "LoRA adapts {count} modules of {owner}: {modules}. {trainable} parameters learn, {share} % of its {parameters}."
)
"""The sentence with which the engine says what learns."""


@dataclass(frozen=True, slots=True)
class Use:
    """The tasks that name a preset."""

    tasks: list[TrainingTask]
    """The newest MOST_SHOWN."""
    total: int


def tasks_with_preset(seen_by: Rights, preset_name: str) -> Use:
    """The tasks that somebody may see and that name the preset, as a person reads names; two queries."""
    named = tasks_seen_by(seen_by).filter(training_config__contains='"loraPreset"')
    wanted = comparable(preset_name)
    found = [
        key for key, config in named.values_list("pk", "training_config")[:MOST_LOOKED_AT] if _preset(config) == wanted
    ]
    tasks: QuerySet[TrainingTask] = TrainingTask.objects.filter(pk__in=found[:MOST_SHOWN]).newest_first()
    return Use(list(tasks), len(found))


def adapted_as_logged(tasks: Sequence[TrainingTask]) -> dict[int, dict[str, Any]]:
    """By primary key: the values of the newest line that says what LoRA adapts; one query."""
    lines = LogLine.objects.filter(task__in=[task.pk for task in tasks], source="engine", detail__contains=ADAPTS[:18])
    found: dict[int, dict[str, Any]] = {}
    for task, detail in lines.order_by("id").values_list("task_id", "detail"):
        value = _object(detail)
        if value.get("template") == ADAPTS and isinstance(value.get("params"), dict):
            found[task] = value["params"]
    return found


def _preset(config: str | None) -> str | None:
    name = _object(config).get("loraPreset")
    return comparable(name) if isinstance(name, str) else None


def _object(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text or "")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
