"""Storing what was filled in: a task, a change, a copy or a group, and a preset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from distillation.admin.access import actor
from distillation.console.wizard.answers import Answers
from distillation.console.wizard.checked import plan
from distillation.contract.sentence import Refused
from distillation.jobs import control
from distillation.models import LoraPreset, TrainingTask
from distillation.models.sentences import translate
from distillation.services import sweeps
from distillation.services.cloning import clone_task, save_clones
from distillation.services.presets import create_preset
from distillation.services.surroundings import Surroundings
from distillation.services.tasks import create_task, edit_task


def save(answers: Answers, who: str) -> list[TrainingTask]:
    """Store it, a group whole or not at all. Raises InvalidRequest, and Refused for a task that is not editable now."""
    if answers.task is not None and answers.edits:
        return [edit_task(answers.task, answers.changes, who)]
    if answers.lists:
        planned = plan(answers, who)
        return save_clones(answers.task, planned, who) if answers.task else sweeps.save(planned, who)
    if answers.task is not None:
        return [clone_task(answers.task, answers.changes, who)]
    return [create_task(answers.changes, who)]


def save_preset(posted: Mapping[str, Any], who: str) -> LoraPreset:
    """The form's LoRA values as a new preset. Raises InvalidRequest, and Refused when the name is taken."""
    names = ("presetName", "loraRank", "loraAlpha", "loraDropout", "visibility")
    values = {name: str(posted.get(name, "")) for name in names}
    return create_preset({**values, "targetModules": str(posted.get("loraTargetModules", ""))}, who)


def leave(request: HttpRequest, tasks: Sequence[TrainingTask]) -> HttpResponse:
    """Start them where that was asked, say what became of them, and go to the task or to the list of the group."""
    if "_start" in request.POST:
        _start(request, tasks)
    elif len(tasks) == 1:
        messages.success(request, _("%(task)s is saved; it has not started yet.") % {"task": tasks[0].task_id})
    else:
        text = ngettext(
            "%(n)s task is saved; it has not started yet.", "%(n)s tasks are saved; none has started yet.", len(tasks)
        )
        messages.success(request, text % {"n": len(tasks)})
    if len(tasks) == 1:
        return redirect("admin:distillation_trainingtask_change", tasks[0].pk)
    group = urlencode({"group": tasks[0].group_id or ""})
    return redirect(f"{reverse('admin:distillation_trainingtask_changelist')}?{group}")


def _start(request: HttpRequest, tasks: Sequence[TrainingTask]) -> None:
    around = Surroundings(tasks[0].create_by)
    started: list[str] = []
    refused: dict[str, list[str]] = {}
    for task in tasks:
        try:
            control.start(task, actor(request), around=around)
            started.append(task.task_id)
        except Refused as refusal:
            refused.setdefault(translate(refusal.sentence), []).append(task.task_id)
    if started:
        text = ngettext("%(task)s is in the queue.", "%(n)s tasks are in the queue.", len(started))
        messages.success(request, text % {"task": started[0], "n": len(started)})
    for why, ids in refused.items():
        text = ngettext(
            "%(task)s is saved but cannot start: %(why)s",
            "%(n)s tasks are saved but cannot start: %(why)s",
            len(ids),
        )
        messages.warning(request, text % {"task": ids[0], "n": len(ids), "why": why})
