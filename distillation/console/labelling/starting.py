"""Choosing a model, and the form with which a job begins."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from distillation import selectors
from distillation.admin import figures
from distillation.admin.access import held
from distillation.admin.metric_names import metric
from distillation.admin.words import VALUES
from distillation.console.labelling.form import LabelForm
from distillation.console.page import render, task_or_404
from distillation.contract.labelling import LARGEST_BATCH
from distillation.contract.labelling_request import parse
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Refused
from distillation.models import TaskStatus
from distillation.models.sentences import translate
from distillation.services import inference
from distillation.services.picture_folders import Folder, nearest

MOST_MODELS = 100


@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """The newest models that can label."""
    if not held(request).may_use_models:
        raise PermissionDenied
    tasks = selectors.tasks_seen_by(held(request)).filter(status=TaskStatus.COMPLETED)
    models = []
    for task in tasks[: 2 * MOST_MODELS]:
        try:
            _file, config = inference.model_to_label(task)
        except Refused:
            continue
        kind = str(config.get("task_type") or "")
        models.append({"task": task, "kind": VALUES.get(kind, kind), "metric": metric(task),
                       "accuracy": figures.percent(task.accuracy), "ago": figures.ago(task.create_time)})  # fmt: skip
    context = {"models": models[:MOST_MODELS], "more": len(models) > MOST_MODELS or len(tasks) > 2 * MOST_MODELS}
    return render(request, "labelling/choose.html", _("Label a folder"), context)


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the form; submit the job that it describes."""
    task = task_or_404(request, pk)
    try:
        _file, config = inference.model_to_label(task)
    except Refused as refused:
        context = {"task": task, "reason": translate(refused.sentence)}
        return render(request, "labelling/start.html", _("Label a folder"), context)
    form = LabelForm(task, config, held(request), request.POST if request.method == "POST" else None)
    if request.method == "POST":
        try:
            job = inference.submit(task, parse(form.sent()), held(request))
        except InvalidRequest as invalid:
            form.refuse(invalid)
        except Refused as refused:
            form.problems.append(translate(refused.sentence))
        except OSError as error:
            said = _("The output folder cannot be made: %(error)s.") % {"error": error.strerror or str(error)}
            form.add_error("outputDir", said)
        else:
            return redirect("admin:labelling", job.inference_id)
    failed = request.method == "POST"
    context = {
        "task": task,
        "form": form,
        "kind": VALUES.get(form.task_type, form.task_type),
        "largest_batch": LARGEST_BATCH,
        "may_register": held(request).may_create,
        "no_worker": not selectors.worker_seen(),
    }
    return render(request, "labelling/start.html", _("Label a folder"), context, status=400 if failed else 200)


@require_GET
@never_cache
def folders(request: HttpRequest) -> JsonResponse:
    """One level of folders (``?in=``) with counts of pictures; of one that is not there the nearest around it."""
    if not held(request).may_use_models:
        raise PermissionDenied
    level = nearest(request.GET.get("in", "")[:500].strip("/"), held(request))
    return JsonResponse(
        {
            "path": level.path,
            "above": level.path.rpartition("/")[0],
            "pickable": level.pickable,
            "more": level.more,
            "folders": [{"name": one.name, "path": one.path, "count": _count(one)} for one in level.folders],
        }
    )


def _count(folder: Folder) -> str:
    if folder.pictures is None:
        return _("not counted")
    if folder.more:
        return _("%(count)s pictures or more") % {"count": figures.count(folder.pictures)}
    return _("%(count)s pictures") % {"count": figures.count(folder.pictures)}
