"""One verb on ticked tasks: asked once where something is interrupted, then a page with the result of each task.

The results wait in the session, so that a page that is loaded again does nothing again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from distillation.admin.access import actor, held
from distillation.admin.verbs import VERBS, Verb, allowed
from distillation.contract.limits import BULK_TASKS
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Refused, Sentence
from distillation.jobs import bulk
from distillation.models import TrainingTask
from distillation.models.sentences import translate
from distillation.selectors import Rights, task_table, visible
from distillation.services.cloning import clone_task
from distillation.services.samples import remove_samples

LIST = "admin:distillation_trainingtask_changelist"
TICKED = "_selected_action"
BULK = ("start", "resume", "pause", "stop", "clone", "delete", "restore")
ASKED = ("stop", "delete")
SAMPLES = "take_samples_away"
COMPARE = "compare"
FEWEST_COMPARED, MOST_COMPARED = 2, 20
_CLONE = Verb(
    "clone", gettext_lazy("Clone"), gettext_lazy("Cloned; the copy is {task}."),
    lambda task, who: clone_task(task, {}, who), icon="content_copy",
)  # fmt: skip
_VERBS = VERBS | {"clone": _CLONE}
"""A single task is cloned by the wizard; ticked ones as they are."""
_KEPT = "bulk_results"
MOST_KEPT = 3
"""Results that a session keeps; older ones are forgotten."""

Question = dict[str, Any]


def buttons(rights: Rights, deleted: str) -> list[dict[str, Any]]:
    """What the bar offers to somebody with these rights, above a list with or without deleted tasks."""
    if not rights.may_create:
        return []
    names = BULK if deleted == "all" else [name for name in BULK if (name == "restore") == (deleted == "yes")]
    return [
        {"action": f"{verb.name}_tasks", "label": verb.label, "icon": verb.icon, "look": verb.look}
        for verb in map(_VERBS.__getitem__, names)
    ]


def carry_out(request: HttpRequest) -> HttpResponse | Question:
    """Do what was posted: the page to go to, or what to ask before. Raises PermissionDenied."""
    action = request.POST.get("action", "")
    if action == SAMPLES:
        return _samples(request)
    verb = _VERBS.get(action.removesuffix("_tasks"))
    if action != COMPARE and (verb is None or verb.name not in BULK):
        messages.error(request, _("There is no such action."))
        return redirect(request.get_full_path())
    if verb is not None and not held(request).may_create:
        raise PermissionDenied
    tasks = _ticked(request)
    if not tasks:
        messages.warning(request, _("No task is ticked. Tick the tasks first."))
        return redirect(request.get_full_path())
    if len(tasks) > BULK_TASKS:
        many = _("At most %(limit)s tasks are changed at once. Narrow the list, or tick fewer.")
        messages.error(request, many % {"limit": BULK_TASKS})
        return redirect(request.get_full_path())
    if verb is None:
        return _compare(request, tasks)
    if verb.name in ASKED and "confirmed" not in request.POST:
        mine = [task for task in tasks if allowed(verb.name, task, request)]
        if mine:
            return _question(request, _words(verb, len(mine)), action, mine)
    return _to_results(request, verb, _outcomes(verb, tasks, request))


def results(request: HttpRequest, key: str) -> dict[str, Any] | None:
    """What the page of results shows; None when the session keeps none of this name."""
    kept = request.session.get(_KEPT, {}).get(key)
    if kept is None:
        return None
    verb = _VERBS[kept["verb"]]
    rows = [_shown(verb, row) for row in kept["rows"]]
    done = [row for row in rows if row["done"]]
    return {
        "verb": verb,
        "rows": rows,
        "done": len(done),
        "refused": len(rows) - len(done),
        "undo": [row["pk"] for row in done] if verb.name == "delete" else [],
        "back": kept["back"],
    }


def _ticked(request: HttpRequest) -> list[TrainingTask]:
    """Those of the ticked ones that the person sees, at most one more than may be changed at once."""
    if request.POST.get("select_across") == "1":
        asked = task_table.read(request.GET)
        tasks = task_table.narrowed(asked, held(request))
    else:
        keys = [key for key in request.POST.getlist(TICKED) if key.isascii() and key.isdecimal() and len(key) < 19]
        seen = visible(TrainingTask.objects.all(), held(request))
        tasks = seen.filter(pk__in=keys[: BULK_TASKS + 1])
    return list(tasks.newest_first()[: BULK_TASKS + 1])


def _outcomes(verb: Verb, tasks: list[TrainingTask], request: HttpRequest) -> list[dict[str, Any]]:
    rights = held(request)
    if verb.name == "clone":
        return [_cloned(task, actor(request)) for task in tasks]
    found = bulk.carry_out(
        verb.name, tasks, actor(request), may_change=lambda task: rights.may_change(task.create_by)
    )  # fmt: skip
    return [
        _kept_row(task, task.pk, [outcome.refusal] if outcome.refusal else [])
        for task, outcome in zip(tasks, found, strict=True)
    ]


def _cloned(task: TrainingTask, who: str) -> dict[str, Any]:
    try:
        copy = clone_task(task, {}, who)
    except Refused as refused:
        return _kept_row(task, task.pk, [refused.sentence])
    except InvalidRequest as invalid:
        return _kept_row(task, task.pk, [problem.sentence for problem in invalid.problems])
    return _kept_row(task, copy.pk, [], copy.task_id)


def _kept_row(task: TrainingTask, pk: int, refusals: Iterable[Sentence], became: str = "") -> dict[str, Any]:
    return {
        "pk": pk,
        "id": task.task_id,
        "name": task.task_name,
        "refusals": [sentence.as_json() for sentence in refusals],
        "became": became,
    }


def _shown(verb: Verb, row: dict[str, Any]) -> dict[str, Any]:
    refusals = [translate(Sentence.from_json(sentence)) for sentence in row["refusals"]]
    return {
        **row,
        "done": not refusals,
        "text": " ".join(refusals) or str(verb.done).format(task=row["became"] or row["id"]),
        "url": reverse("admin:distillation_trainingtask_change", args=[row["pk"]]),
    }


def _to_results(request: HttpRequest, verb: Verb, rows: list[dict[str, Any]]) -> HttpResponse:
    key = secrets.token_urlsafe(9)
    kept = request.session.get(_KEPT, {})
    kept[key] = {"verb": verb.name, "rows": rows, "back": request.GET.urlencode() or "all"}
    request.session[_KEPT] = dict(list(kept.items())[-MOST_KEPT:])
    return redirect("admin:distillation_trainingtask_results", key)


def _compare(request: HttpRequest, tasks: list[TrainingTask]) -> HttpResponse:
    if not FEWEST_COMPARED <= len(tasks) <= MOST_COMPARED:
        limits = {"fewest": FEWEST_COMPARED, "most": MOST_COMPARED, "n": len(tasks)}
        messages.warning(request, _("%(fewest)s to %(most)s tasks are compared; %(n)s are ticked.") % limits)
        return redirect(request.get_full_path())
    query = urlencode({"tasks": ",".join(task.task_id for task in tasks)}, safe=",")
    return redirect(f"{reverse('admin:compare')}?{query}")


def _samples(request: HttpRequest) -> HttpResponse | Question:
    """Remove the fixture's rows for good, whatever is ticked."""
    if not held(request).administers:
        raise PermissionDenied
    if "confirmed" not in request.POST:
        question = _("Remove every sample task for good, with its history and evaluations? Your own tasks stay.")
        return _question(request, question, SAMPLES, [])
    number = remove_samples(actor(request))
    text = ngettext("%(n)s sample was removed.", "%(n)s samples were removed.", number) % {"n": number}
    messages.success(request, text)
    return redirect(request.get_full_path())


def _words(verb: Verb, number: int) -> str:
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


def _question(request: HttpRequest, question: str, action: str, tasks: list[TrainingTask]) -> Question:
    """Ask once, in words; the answer posts the same action again."""
    return {
        "title": _("Please confirm"),
        "question": question,
        "action": action,
        "tasks": tasks[:50],
        "more": max(len(tasks) - 50, 0),
        "checkbox_name": TICKED,
        "ticked": request.POST.getlist(TICKED)[: BULK_TASKS + 1],
        "across": request.POST.get("select_across", "0"),
    }
