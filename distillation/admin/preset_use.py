"""What a LoRA preset matched: the modules and parameters that runs with it reported, model by model."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from distillation.admin import badge, figures, loose, words
from distillation.admin.access import held
from distillation.models import LoraPreset, ModelEvaluation, TaskStatus, TrainingTask
from distillation.selectors import comparison, preset_use

MOST_NAMES = 50
"""Different names of modules that a row shows."""


@dataclass(frozen=True, slots=True)
class Row:
    """One task that names the preset."""

    task: TrainingTask
    badge: SafeString
    target: str
    model: str = figures.DASH
    count: str = figures.DASH
    modules: str = ""
    absent: str = ""
    trainable: str = figures.DASH
    share: str = figures.DASH
    unused: bool = False
    """The adapter did not help, so the model was used without."""
    settings: str = ""
    """Rank and modules of the run, where they are not the preset's of today."""
    why_not: str = ""


def context(preset: LoraPreset, names: list[str], request: HttpRequest) -> dict[str, Any]:
    """For the page of a preset whose modules are called ``names``."""
    use = preset_use.tasks_with_preset(held(request), preset.preset_name)
    evaluations = comparison.newest_evaluations(use.tasks)
    reported = {task.pk: _reported(evaluations.get(task.task_id)) for task in use.tasks}
    logged = preset_use.adapted_as_logged([task for task in use.tasks if not reported[task.pk]])
    rows = [_row(task, reported[task.pk], logged.get(task.pk, {}), preset, names) for task in use.tasks]
    return {"use": rows, "use_total": use.total, "ever_matched": any(not row.why_not for row in rows)}


def patterns(modules: list[str]) -> str:
    """``encoder.layers.*.q_proj × 12``: the same module of every layer in one, in the network's order."""
    counted = Counter(re.sub(r"(^|\.)\d+(?=\.|$)", r"\1*", module) for module in modules)
    shown = [f"{name} × {number}" if number > 1 else name for name, number in list(counted.items())[:MOST_NAMES]]
    return ", ".join(shown) + (" …" if len(counted) > MOST_NAMES else "")


def _reported(evaluation: ModelEvaluation | None) -> dict[str, Any]:
    """What the evaluation says of LoRA, with loose keys; empty where it says nothing of modules."""
    details = loose.keys(loose.parsed(evaluation.detailed_results)) if evaluation else {}
    found = loose.part(details, "lora")
    return found if loose.items(found.get("modules")) else {}


def _row(
    task: TrainingTask, reported: dict[str, Any], logged: dict[str, Any], preset: LoraPreset, names: list[str]
) -> Row:
    target = str(task.config.get("loraTarget") or "none")
    row = Row(task, badge.status_badge(task), words.value_word(target))
    if reported:
        modules = [str(name) for name in loose.items(reported["modules"])]
        trainable = loose.number(reported.get("trainableparameters"))
        parameters = loose.number(reported.get("parameters"))
        return replace(
            row,
            model=str(reported.get("name") or figures.DASH),
            count=figures.count(len(modules)),
            modules=patterns(modules),
            absent=", ".join(map(str, loose.items(reported.get("absentmodules")))),
            trainable=figures.count(trainable),
            unused=reported.get("applied") is False,
            share=figures.percent(100 * trainable / parameters if trainable is not None and parameters else None),
            settings=_other_settings(reported, preset, names),
        )
    if logged:
        return replace(
            row,
            model=str(logged.get("owner") or figures.DASH),
            count=figures.count(loose.number(logged.get("count"))),
            modules=str(logged.get("modules") or ""),
            trainable=figures.count(loose.number(logged.get("trainable"))),
            share=figures.percent(loose.number(logged.get("share"))),
        )
    return replace(row, why_not=_why_not(task, target))


def _other_settings(reported: dict[str, Any], preset: LoraPreset, names: list[str]) -> str:
    rank, ran_with = loose.number(reported.get("rank")), [str(n) for n in loose.items(reported.get("targetmodules"))]
    said = []
    if rank is not None and rank != preset.lora_rank:
        said.append(_("rank %(rank)s") % {"rank": figures.count(rank)})
    if ran_with and set(ran_with) != set(names):
        said.append(_("modules %(names)s") % {"names": ", ".join(ran_with)})
    return ", ".join(said)


def _why_not(task: TrainingTask, target: str) -> str:
    if target == "none":
        return _("The preset is named, but the LoRA target is none: nothing is adapted.")
    if task.status in (TaskStatus.PENDING, TaskStatus.QUEUED):
        return _("It has not run yet.")
    if task.status == TaskStatus.COMPLETED:
        return _("Its run told nothing of adapted modules.")
    return _("Its run has not come to the adapters yet, or ended before.")
