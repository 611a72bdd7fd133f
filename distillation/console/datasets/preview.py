"""A first look at a data set, for the form of a task: a few samples with their labels."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from distillation.console.datasets import told
from distillation.console.datasets.gallery import gallery
from distillation.console.datasets.places import named

SAMPLES = 6


@require_GET
def preview(request: HttpRequest) -> HttpResponse:
    """Of the folder ``?datasetId=``: samples, or how far the survey is; empty where there is no such folder."""
    try:
        place = named(request, request.GET.get("datasetId", ""))
    except Http404:
        return HttpResponse()
    survey = place.survey()
    found = survey.report
    context = {
        "place": place,
        "over": survey.over,
        "phase": told.phase(survey),
        "why": told.sentence(survey.why) or (told.report(found)["problem"] if survey.phase == "ready" else ""),
        "gallery": gallery(place, found, {}, most=SAMPLES) if found.get("classes") is not None else None,
    }
    return render(request, "admin/distillation/data/preview.html", context)
