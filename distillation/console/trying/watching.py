"""The page that follows one trial and shows what the models answer; its pictures; cancelling and leaving it."""

from __future__ import annotations

import os

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from distillation import selectors
from distillation.admin.access import actor, held
from distillation.api.files import ChunkedFile
from distillation.console.page import render
from distillation.console.trying import answers, state
from distillation.contract.labelling import USUAL_THRESHOLD
from distillation.models import Trial
from distillation.services import trials
from distillation.storage.trials import inputs_of, open_shown


@require_safe
def watch(request: HttpRequest, trial_id: str) -> HttpResponse:
    """The page; its figures and answers come by ``live``."""
    trial = _own(request, trial_id)
    trials.looked_at(trial)
    task = selectors.tasks_seen_by(held(request)).filter(task_id=trial.task_id).first()
    inputs = inputs_of(trial.trial_id)
    context = {
        "trial": trial,
        "task": task,
        "inputs": [{"number": number, **one} for number, one in enumerate(inputs, start=1)],
        "of_texts": trial.task_type == "text",
        "drawn": trial.task_type in ("detection", "segmentation"),
        "threshold": str(USUAL_THRESHOLD),
        "gone": not inputs,
        "words": answers.words(),
        "now": state.state(trial),
        "kept_hours": trials.KEPT_HOURS,
    }
    return render(request, "trying/watch.html", _("Try it"), context)


@require_GET
@never_cache
def live(request: HttpRequest, trial_id: str) -> JsonResponse:
    """How far the trial is, with the answers that the page does not have yet (``?have=student,teacher``)."""
    trial = _own(request, trial_id)
    trials.looked_at(trial)
    have = frozenset(request.GET.get("have", "").split(","))
    return JsonResponse({**state.state(trial), "sides": answers.sides(trial.trial_id, have)})


@require_GET
def picture(request: HttpRequest, trial_id: str, number: int) -> HttpResponseBase:
    """An uploaded picture, upright and as JPEG, made by the engine."""
    trial = _own(request, trial_id)
    found = open_shown(trial.trial_id, number)
    if found is None:
        raise Http404
    with found:
        content = os.fdopen(os.dup(found.descriptor), "rb")
    response = ChunkedFile(content, content_type="image/jpeg")
    response["Cache-Control"] = "private, max-age=3600"
    return response


@require_POST
def cancel(request: HttpRequest, trial_id: str) -> HttpResponse:
    """End it, and go back to its page."""
    trial = _own(request, trial_id)
    trials.cancel(trial, actor(request))
    return redirect("admin:trial", trial.trial_id)


@require_POST
def left(request: HttpRequest, trial_id: str) -> HttpResponse:
    """The page is closed: nobody waits for the answers."""
    trials.left(_own(request, trial_id))
    return HttpResponse(status=204)


def _own(request: HttpRequest, trial_id: str) -> Trial:
    """Whoever may no longer use models does not see what they answered either."""
    trial = selectors.own_trial(held(request), trial_id)
    if trial is None or not held(request).may_use_models:
        raise Http404
    return trial
