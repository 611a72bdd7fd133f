"""The addresses that a browser sends an archive to, piece by piece; answers are JSON.

Pieces, because the server puts a request's body aside before it asks anybody: of a whole archive that would be a second
copy on another disk, its limits would be told after hours, and a lost connection would mean to begin anew.
"""

from __future__ import annotations

from typing import IO, Any, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from distillation.admin.access import held
from distillation.console.datasets.places import editable
from distillation.contract.sentence import Refused
from distillation.models.sentences import translate
from distillation.services import surveys, uploads
from distillation.services.uploads import Draft, OutOfStep

PIECE = 8 << 20
"""Bytes that a browser sends at once; it tries smaller ones where a proxy refuses that."""


@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Announce an archive; the same file of the same person goes on where it stopped."""
    by = held(request)
    if not by.may_create:
        raise PermissionDenied
    file_name, stamp = request.POST.get("name", ""), request.POST.get("stamp", "")[:40]
    try:
        size = int(request.POST.get("size", ""))
    except ValueError:
        size = 0
    try:
        draft = uploads.begin(file_name, size, stamp, by)
    except Refused as refusal:
        return _refused(refusal)
    return JsonResponse({"piece": PIECE, **_state(draft)})


@require_http_methods(["GET", "POST"])
def piece(request: HttpRequest, key: str) -> HttpResponse:
    """Take a piece; asked without one, say how much there is."""
    draft = editable(request, "draft", key).draft
    assert draft is not None  # noqa: S101 - for the type checker
    if request.method == "GET":
        return JsonResponse(_state(draft))
    try:
        offset = int(request.GET.get("offset", ""))
    except ValueError:
        offset = -1
    try:
        uploads.append(draft, offset, cast(IO[bytes], request))
    except OutOfStep as answer:
        return JsonResponse({"received": answer.received}, status=409)
    except Refused as refusal:
        return _refused(refusal)
    if draft.whole:
        place = editable(request, "draft", key)
        surveys.look(place.root, place.out, place.name)
    return JsonResponse(_state(draft))


def _state(draft: Draft) -> dict[str, Any]:
    return {
        "received": draft.received,
        "url": reverse("admin:data_piece", args=(draft.key,)),
        "page": reverse("admin:data_page", args=("draft", draft.key)),
        "drop": reverse("admin:data_drop", args=("draft", draft.key)),
    }


def _refused(refusal: Refused) -> HttpResponse:
    return JsonResponse({"error": translate(refusal.sentence)}, status=400)
