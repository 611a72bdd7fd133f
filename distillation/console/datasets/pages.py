"""The page of a place: what it holds, what is wrong with it, samples to look at, and what may be done."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from distillation import selectors
from distillation.admin import badge, figures
from distillation.admin.access import held
from distillation.admin.visibility import visibility_word
from distillation.console.datasets import gallery, told
from distillation.console.datasets.forms import KeepForm
from distillation.console.datasets.places import Place, editable, find, registered
from distillation.console.page import render
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Refused
from distillation.datasets import layout
from distillation.models import Dataset
from distillation.models.sentences import as_read
from distillation.services import class_folders, surveys, uploads
from distillation.services.dataset_drafts import keep
from distillation.services.datasets import register_dataset
from distillation.services.surveys import Survey

MOST_TASKS = 10


@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Look at a place, or keep it: a draft gets a folder, a folder an owner."""
    if kind == "folder" and (known := registered(request, key)):
        return redirect("admin:data_page", "set", known.pk)
    place = find(request, kind, key)
    if request.method == "POST":
        if not place.editable or place.kind == "set":
            raise PermissionDenied
        return _keep(request, place)
    return _show(request, place, _form(request, place, None))


@require_GET
def live(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """How far the survey is."""
    place = find(request, kind, key)
    if place.draft is not None and not place.draft.whole:
        return JsonResponse({"over": False, "words": told.receiving(place.draft)})
    survey = place.survey()
    return JsonResponse({"over": survey.over, "words": told.phase(survey)})


@require_POST
def again(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Look through the files anew."""
    place = find(request, kind, key)
    surveys.again(place.out)
    return redirect(place.url())


@require_POST
def classes(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Take the folders of a draft for its classes."""
    place = editable(request, kind, key)
    if place.draft is None:
        raise Http404
    if place.draft.whole and class_folders.found(place.draft, place.survey()):
        try:
            class_folders.put_below_train(place.draft)
        except OSError as error:
            messages.error(request, _("The folders cannot be moved ({error}).").format(error=error.strerror))
    return redirect(place.url())


@require_POST
def drop(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Throw a draft away; it can be taken back for a while."""
    place = editable(request, kind, key)
    if place.draft is None:
        raise Http404
    uploads.drop(place.draft)
    return redirect("admin:data_new")


@require_POST
def back(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Take back a draft that was thrown away."""
    place = editable(request, kind, key)
    if place.draft is None:
        raise Http404
    uploads.drop(place.draft, back=True)
    return redirect(place.url())


def _form(request: HttpRequest, place: Place, data: Any) -> KeepForm | None:
    if place.kind == "set" or not place.editable:
        return None
    return KeepForm(held(request), data, place.name, folder_is_fixed=place.kind == "folder")


def _keep(request: HttpRequest, place: Place) -> HttpResponse:
    form = _form(request, place, request.POST)
    if form is None:
        raise PermissionDenied
    waits = place.draft is not None and (place.draft.dropped or not place.draft.whole)
    survey = None if waits else place.survey()
    if survey is None or (place.draft is not None and survey.phase != "ready"):
        return redirect(place.url())  # the page says what it waits for, or why it cannot be kept
    try:
        if place.draft is not None:
            made = keep(place.draft, form.sent(), held(request))
        else:
            made = register_dataset({**form.sent(), "datasetId": place.key}, held(request))
    except (InvalidRequest, Refused) as error:
        form.refuse(error)
        return _show(request, place, form)
    messages.success(request, _("{name} is registered.").format(name=made))
    return redirect("admin:data_page", "set", made.pk)


def _show(request: HttpRequest, place: Place, form: KeepForm | None) -> HttpResponse:
    receiving = place.draft is not None and not place.draft.whole
    survey = Survey("receiving", {}) if receiving else place.survey()
    context: dict[str, Any] = {
        "place": place,
        "dataset": place.dataset,
        "description": as_read(place.dataset.description) if place.dataset else "",
        "survey": survey,
        "phase": told.receiving(place.draft) if receiving and place.draft else told.phase(survey),
        "live_url": place.url("live"),
        "again_url": place.url("again"),
        "form": form,
        "report": told.report(survey.report) if survey.phase == "ready" else None,
        "why": told.sentence(survey.why),
    }
    if place.draft is not None:
        context |= {"drop_url": place.url("drop"), "back_url": place.url("back"), "new_url": reverse("admin:data_new")}
        names = class_folders.found(place.draft, survey) if place.editable and not place.draft.dropped else []
        context |= {"class_folders": layout.named(names), "classes_url": place.url("classes")}
    if place.dataset is not None:
        context |= _of_dataset(request, place.dataset)
        context["learn_url"] = _learn_url(request, place.dataset, survey)
    if survey.phase == "ready" and survey.report.get("classes") is not None:
        context["gallery"] = gallery.gallery(place, survey.report, request.GET)
    title = str(place.dataset) if place.dataset else place.name
    return render(request, "data/page.html", title, context)


def _learn_url(request: HttpRequest, dataset: Dataset, survey: Survey) -> str:
    """The wizard for this data, behind the questions that the data answers; empty where no task could use it."""
    if not held(request).may_create or survey.phase in ("refused", "broken") or survey.report.get("problem"):
        return ""
    aims = survey.report.get("task_types") or ()
    step = "#step-models" if len(aims) == 1 else ""
    asked = urlencode({"datasetId": dataset.dataset_id})
    return f"{reverse('admin:distillation_trainingtask_add')}?{asked}{step}"


def _of_dataset(request: HttpRequest, dataset: Dataset) -> dict[str, Any]:
    tasks = selectors.tasks_using(dataset.dataset_id, held(request))
    shown = list(tasks[: MOST_TASKS + 1])
    return {
        "seen_by": visibility_word(dataset.visibility),
        "edit_url": reverse("admin:distillation_dataset_change", args=(dataset.pk,)),
        "tasks": [
            {
                "name": task.task_name,
                "id": task.task_id,
                "url": reverse("admin:distillation_trainingtask_change", args=(task.pk,)),
                "badge": badge.status_badge(task),
                "made": figures.ago(task.create_time),
                "role": _("training and validation")
                if task.dataset_id == dataset.dataset_id and task.val_dataset_id in (None, "", dataset.dataset_id)
                else _("training")
                if task.dataset_id == dataset.dataset_id
                else _("validation"),
            }
            for task in shown[:MOST_TASKS]
        ],
        "more_tasks": len(shown) > MOST_TASKS,
    }
