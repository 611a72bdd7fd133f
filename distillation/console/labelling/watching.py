"""The page that follows one labelling job, and what can be done with it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from distillation import selectors
from distillation.admin.access import actor, held
from distillation.console.labelling import state
from distillation.console.page import render
from distillation.contract.sentence import Refused
from distillation.models import InferenceJob
from distillation.models.sentences import translate
from distillation.services import inference
from distillation.services.inference_states import may_resume, may_stop

_DO = {"stop": inference.stop, "resume": inference.resume, "delete": inference.delete}


def job_or_404(request: HttpRequest, inference_id: str) -> InferenceJob:
    """A job that the person may see. Raises Http404."""
    job = selectors.jobs_seen_by(held(request)).filter(inference_id=inference_id).first()
    if job is None:
        raise Http404
    return job


@require_safe
def watch(request: HttpRequest, inference_id: str) -> HttpResponse:
    """The page."""
    job = job_or_404(request, inference_id)
    task = selectors.tasks_seen_by(held(request)).filter(task_id=job.task_id).first()
    may_see = selectors.may_see_pictures(held(request), job)
    context = {
        "job": job,
        "task": task,
        "buttons": _buttons(request, job),
        "pictures": state.previews(job) if may_see else [],
        "takes": held(request).may_use_models and job.status not in state.ACTIVE,
        "takes_pictures": may_see,
        **state.page(job),
    }
    return render(request, "labelling/watch.html", job.inference_id, context)


@require_GET
@never_cache
def live(request: HttpRequest, inference_id: str) -> JsonResponse:
    """The figures that change."""
    return JsonResponse(state.live(job_or_404(request, inference_id)))


@require_POST
def do(request: HttpRequest, inference_id: str, verb: str) -> HttpResponse:
    """Stop, go on, or delete."""
    if verb not in _DO:
        raise Http404
    job = job_or_404(request, inference_id)
    if not selectors.may_change_job(held(request), job):
        raise PermissionDenied
    try:
        _DO[verb](job, actor(request))
    except Refused as refused:
        messages.error(request, translate(refused.sentence))
    if verb == "delete":
        messages.success(request, _("%(job)s is deleted; its labels stay.") % {"job": job.inference_id})
        return redirect("admin:distillation_inferencejob_changelist")
    return redirect("admin:labelling", job.inference_id)


def _buttons(request: HttpRequest, job: InferenceJob) -> list[dict[str, Any]]:
    if not selectors.may_change_job(held(request), job):
        return []
    buttons = []
    if may_resume(job):
        buttons.append({"verb": "resume", "label": _("Go on"), "icon": "play_arrow", "question": ""})
    if may_stop(job):
        question = _("Stop %(job)s? It ends after the pictures in hand; its labels stay, and it can go on later.")
        buttons.append({"verb": "stop", "label": _("Stop"), "icon": "stop",
                        "question": question % {"job": job.inference_id}})  # fmt: skip
    question = _("Delete %(job)s? A job that runs is stopped first. The labels in %(folder)s stay.")
    buttons.append({"verb": "delete", "label": _("Delete"), "icon": "delete",
                    "question": question % {"job": job.inference_id, "folder": job.output_dir}})  # fmt: skip
    return buttons
