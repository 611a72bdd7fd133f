"""Bulk actions on ticked tasks: the verbs of REST, with a message for each task that was refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from distillation.admin import figures
from distillation.admin.access import actor
from distillation.admin.verbs import VERBS, Verb, allowed
from distillation.contract.sentence import Refused
from distillation.models import TrainingTask
from distillation.models.sentences import translate
from distillation.services.samples import remove_samples

BULK = ("start", "stop", "pause", "resume", "delete", "restore")
ASKED = ("stop", "delete")
MOST_MESSAGES = 20
MOST_COMPARED = 200
"""Ids in an address; the page that compares says how many it leaves out."""

Action = Callable[[Any, HttpRequest, QuerySet[TrainingTask]], HttpResponse | None]


def bulk_actions() -> list[Action]:
    """The actions of the list."""
    return [compare_tasks, *(_bulk(VERBS[name]) for name in BULK), take_samples_away]


def carry_out(verb: Verb, tasks: list[TrainingTask], request: HttpRequest) -> None:
    """Do it to each; say how many and, task by task, who was refused and why."""
    done: list[str] = []
    refused: list[str] = []
    for task in tasks:
        if not allowed(verb.name, task, request):
            refused.append(_not_yours(task))
            continue
        try:
            verb.run(task, actor(request))
            done.append(str(verb.done).format(task=task.task_id))
        except Refused as refusal:
            refused.append(translate(refusal.sentence))
    _say(request, messages.SUCCESS, done)
    _say(request, messages.ERROR, refused)


@admin.action(description=gettext_lazy("Compare the ticked tasks"), permissions=["view"])
def compare_tasks(
    model_admin: admin.ModelAdmin, request: HttpRequest, queryset: QuerySet[TrainingTask]
) -> HttpResponse:
    """Go to the page that compares them, in the order of the list; it says when they are too few or too many."""
    names = queryset.values_list("task_id", flat=True)[:MOST_COMPARED]
    return redirect(f"{reverse('admin:compare')}?{urlencode({'tasks': ','.join(names)}, safe=',')}")


@admin.action(description=gettext_lazy("Remove all samples for good"), permissions=["administer"])
def take_samples_away(
    model_admin: admin.ModelAdmin, request: HttpRequest, queryset: QuerySet[TrainingTask]
) -> HttpResponse | None:
    """Delete the fixture's rows, whatever is ticked."""
    if "confirmed" not in request.POST:
        question = _("Remove every sample task for good, with its history and evaluations? Your own tasks stay.")
        return _ask(model_admin, request, queryset, question, "take_samples_away", [])
    number = remove_samples(actor(request))
    text = ngettext("%(n)s sample was removed.", "%(n)s samples were removed.", number) % {"n": number}
    messages.success(request, text)
    return None


def _bulk(verb: Verb) -> Action:
    @admin.action(
        description=verb.bulk_label,  # type: ignore[arg-type]
        permissions=["change"],
    )
    def action(
        model_admin: admin.ModelAdmin, request: HttpRequest, queryset: QuerySet[TrainingTask]
    ) -> HttpResponse | None:
        tasks = list(queryset)
        mine = [task for task in tasks if allowed(verb.name, task, request)]
        if mine and verb.name in ASKED and "confirmed" not in request.POST:
            return _ask(model_admin, request, queryset, _bulk_question(verb, len(mine)), action.__name__, mine)
        carry_out(verb, tasks, request)
        return None

    action.__name__ = f"{verb.name}_tasks"
    return action


def _not_yours(task: TrainingTask) -> str:
    return _("%(task)s belongs to %(owner)s; only the owner, as an engineer, and administrators change it.") % {
        "task": task.task_id,
        "owner": task.create_by or figures.DASH,
    }


def _bulk_question(verb: Verb, number: int) -> str:
    if verb.name == "stop":
        return ngettext(
            "Stop this task? It keeps its last checkpoint and can be continued.",
            "Stop these %(n)s tasks? They keep their last checkpoints and can be continued.",
            number,
        ) % {"n": number}
    return ngettext(
        "Delete this task? It disappears from all lists, a running one is stopped; it can be restored.",
        "Delete these %(n)s tasks? They disappear from all lists, running ones are stopped; they can be restored.",
        number,
    ) % {"n": number}


def _ask(
    model_admin: admin.ModelAdmin,
    request: HttpRequest,
    queryset: QuerySet[TrainingTask],
    question: str,
    action: str,
    tasks: list[TrainingTask],
) -> HttpResponse:
    """Ask once, in words; the answer posts the same action again."""
    return TemplateResponse(
        request,
        "admin/distillation/trainingtask/confirm.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": _("Please confirm"),
            "opts": model_admin.opts,
            "question": question,
            "action": action,
            "tasks": tasks[:50],
            "more": max(len(tasks) - 50, 0),
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "ticked": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "across": request.POST.get("select_across", "0"),
        },
    )


def _say(request: HttpRequest, level: int, lines: list[str]) -> None:
    for line in lines[:MOST_MESSAGES]:
        messages.add_message(request, level, line)
    rest = len(lines) - MOST_MESSAGES
    if rest > 0:
        text = ngettext("… and %(n)s more.", "… and %(n)s more.", rest) % {"n": rest}
        messages.add_message(request, level, text)
