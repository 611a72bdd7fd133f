"""The addresses of the wizard: a new task, one that has not started, a copy of one, and the check of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as rendered
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from distillation.admin.access import actor
from distillation.admin.verbs import editable
from distillation.console.page import render
from distillation.console.wizard import meanwhile, saving
from distillation.console.wizard.answers import Answers
from distillation.console.wizard.form import WizardForm
from distillation.console.wizard.sheet import CLONE, EDIT, NEW, Sheet, open_sheet
from distillation.contract.limits import CLONE_GROUP
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Problem, Refused
from distillation.models import TrainingTask
from distillation.models.sentences import translate


def new(request: HttpRequest) -> HttpResponse:
    """Create a task."""
    return _page(open_sheet(request, NEW))


def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a task that has not started."""
    sheet = open_sheet(request, EDIT, pk)
    if sheet.task is not None and not editable(sheet.task) and request.method != "POST":
        messages.error(request, _no_more(sheet.task))
        return redirect("admin:distillation_trainingtask_change", pk)
    return _page(sheet)


def clone(request: HttpRequest, pk: int) -> HttpResponse:
    """Create a task like another, or several."""
    return _page(open_sheet(request, CLONE, pk))


@never_cache
@require_POST
def check(request: HttpRequest, how: str, pk: int | None = None) -> HttpResponse:
    """What would become of the form as it stands; saves nothing."""
    sheet = open_sheet(request, how, pk)
    found = sheet.look(request.POST)
    return rendered(request, "admin/distillation/wizard/checked.html", {"checked": found, "how": how})


def _page(sheet: Sheet) -> HttpResponse:
    if sheet.request.method != "POST":
        return _shown(sheet, sheet.first_values())
    if "_preset" in sheet.request.POST:
        return _preset(sheet)
    return _saved(sheet)


def _saved(sheet: Sheet) -> HttpResponse:
    """Save, or show the form with what was refused, as it was typed."""
    posted, task = sheet.request.POST, sheet.task
    answers = sheet.answers(posted)
    if task is not None and answers.edits:
        if not editable(task):
            return _shown(sheet, {}, posted, status=409, refusal=_no_more(task))
        if theirs := meanwhile.changes(answers.shown, task, answers.changes):
            return _conflict(sheet, task, answers, theirs)
    try:
        tasks = saving.save(answers, actor(sheet.request))
    except InvalidRequest as invalid:
        return _shown(sheet, {}, posted, problems=invalid.problems)
    except Refused as refusal:
        # Somebody saved between our look and our write.
        if task is not None and (theirs := meanwhile.changes(answers.shown, task, answers.changes)):
            return _conflict(sheet, task, answers, theirs)
        return _shown(sheet, {}, posted, status=409, refusal=translate(refusal.sentence))
    return saving.leave(sheet.request, tasks)


def _conflict(sheet: Sheet, task: TrainingTask, answers: Answers, theirs: list[meanwhile.Change]) -> HttpResponse:
    """Say what somebody else changed; nothing is saved and nothing that was typed is lost."""
    together = meanwhile.merged(sheet.request.POST, task, theirs, answers.changes)
    return _shown(sheet, {}, together, status=409, theirs=theirs)


def _preset(sheet: Sheet) -> HttpResponse:
    """Keep the LoRA values as a preset and go on with the form."""
    posted = sheet.request.POST.copy()
    try:
        preset = saving.save_preset(posted, actor(sheet.request))
    except InvalidRequest as invalid:
        return _shown(sheet, {}, posted, problems=invalid.problems)
    except Refused as refusal:
        return _shown(sheet, {}, posted, problems=[Problem("presetName", refusal.sentence)])
    posted["loraPreset"], posted["presetName"] = preset.preset_name, ""
    messages.success(sheet.request, _("The LoRA preset %(name)s is saved.") % {"name": preset.preset_name})
    return _shown(sheet, {}, posted)


def _shown(
    sheet: Sheet,
    initial: dict[str, Any],
    posted: Mapping[str, Any] | None = None,
    *,
    problems: list[Problem] | None = None,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    values = initial if posted is None else posted
    found = sheet.look(values)
    material = sheet.material
    form = WizardForm(
        initial, material.decks(found.unfit), material.places(), posted, lists=sheet.how != EDIT, steps=found.steps
    )
    of_preset = [problem for problem in problems or [] if problem.field == "presetName"]
    form.refuse(problem for problem in problems or [] if problem not in of_preset)
    return render(
        sheet.request,
        "wizard/page.html",
        _title(sheet),
        {
            "how": sheet.how,
            "task": sheet.task,
            "form": form,
            "parts": list(form.steps()),
            "checked": found,
            "presets": material.presets(),
            "preset_name": str(values.get("presetName", "")),
            "preset_errors": [translate(problem.sentence) for problem in of_preset],
            "opened": _opened(sheet, values),
            "tried": posted is not None and "_preset" not in posted,
            "most_tasks": CLONE_GROUP,
            "check_url": _check_url(sheet),
            **context,
        },
        status=status,
    )


def _opened(sheet: Sheet, values: Mapping[str, Any]) -> str:
    """What the form carries to tell later what was changed meanwhile."""
    if sheet.task is None or sheet.how != EDIT:
        return ""
    return str(values.get(meanwhile.FIELD, "")) or meanwhile.token(sheet.task)


def _no_more(task: TrainingTask) -> str:
    return _("%(task)s cannot be changed any more; clone it.") % {"task": task.task_id}


def _title(sheet: Sheet) -> str:
    if sheet.task is None:
        return _("New training task")
    words = _("Change %(name)s") if sheet.how == EDIT else _("Clone %(name)s")
    return words % {"name": sheet.task.task_name}


def _check_url(sheet: Sheet) -> str:
    args = [] if sheet.task is None else [sheet.task.pk]
    return reverse(f"admin:distillation_trainingtask_{sheet.how}_check", args=args)
