"""Add a data set: upload an archive, take a folder that is there, or have a sample made."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from distillation.admin import figures, words
from distillation.admin.access import held
from distillation.console.page import render
from distillation.contract.sentence import Sentence, gettext_noop
from distillation.models import Dataset
from distillation.models.sentences import translate
from distillation.selectors import visible
from distillation.services import sample_data, uploads
from distillation.services.datasets import free_folders
from distillation.services.sample_data import BY_FOLDER, SAMPLES, Making, Sample
from distillation.services.uploads import Draft

MOST_FOLDERS = 100
SECONDS, SECONDS_OF_ONE = 0.08, 0.02
"""That the page spends on adding up sizes; larger folders say "more than"."""


@dataclass(frozen=True, slots=True)
class FreeFolder:
    """A row of the list."""

    name: str
    size: str
    url: str


@require_GET
def new(request: HttpRequest) -> HttpResponse:
    """The page."""
    by = held(request)
    if not by.may_create:
        raise PermissionDenied
    free = free_folders()
    pages = _where(request, BY_FOLDER)
    limit = settings.DISTILLATION_UPLOAD_LIMIT_MB
    return render(
        request,
        "data/new.html",
        _("Add a data set"),
        {
            "free": _with_sizes(free[:MOST_FOLDERS]),
            "more_free": max(len(free) - MOST_FOLDERS, 0),
            "drafts": [_draft(draft) for draft in uploads.drafts_of(by.username)],
            "samples": [_sample(sample, pages[sample.folder]) for sample in SAMPLES],
            "limit": f"{limit:,} MB",
            "limit_bytes": limit * 10**6,
            "unpacked": f"{settings.DISTILLATION_UNPACKED_LIMIT_MB:,} MB",
            "entries": figures.count(settings.DISTILLATION_UPLOAD_ENTRIES),
        },
    )


@require_http_methods(["GET", "POST"])
def sample(request: HttpRequest, folder: str) -> HttpResponse:
    """Have a sample made, or ask how far it is."""
    if not held(request).may_create:
        raise PermissionDenied
    wanted = BY_FOLDER.get(folder)
    if wanted is None:
        raise Http404
    made = sample_data.make(wanted) if request.method == "POST" else sample_data.look(wanted)
    return JsonResponse(_progress(made, _where(request, [folder])[folder]))


def _progress(made: Making, page: str) -> dict[str, Any]:
    said = ""
    if made.phase == "running":
        said = _("being made")
    elif made.phase == "broken":
        said = translate(Sentence(gettext_noop("It could not be made: {error}"), {"error": made.error}))
    return {"phase": made.phase, "words": said, "page": page}


def _where(request: HttpRequest, folders: Iterable[str]) -> dict[str, str]:
    """The pages of folders: as registered data sets, or to be registered; none when somebody hides it."""
    rows = Dataset.objects.filter(dataset_id__in=list(folders))
    seen = dict(visible(rows, held(request)).values_list("dataset_id", "pk"))
    hidden = {str(name) for name in rows.values_list("dataset_id", flat=True)} - set(seen)
    return {
        name: "" if name in hidden
        else reverse("admin:data_page", args=("set", seen[name]) if name in seen else ("folder", name))
        for name in folders
    }  # fmt: skip


def _sample(one: Sample, page: str) -> dict[str, Any]:
    return {
        "folder": one.folder,
        "task": words.value_word(one.task_type),
        "what": _ABOUT[one.folder](),
        "url": reverse("admin:data_sample", args=(one.folder,)),
        **_progress(sample_data.look(one), page),
    }


_ABOUT = {
    "digits": lambda: _("Handwritten digits of 8 × 8 pixels: 1,257 labelled, 540 held out"),
    "digits-100": lambda: _("The same digits with 100 labels; the other pictures are for a teacher"),
    "digit-scenes": lambda: _("Scenes of digits with boxes: 600 labelled, 200 held out, 200 without labels"),
    "digit-scenes-masks": lambda: _("The same scenes with a mask for every digit"),
    "waves": lambda: _("Series of several shapes of waves"),
}


def _draft(draft: Draft) -> dict[str, Any]:
    return {
        "name": draft.file_name,
        "size": figures.size(draft.size),
        "received": figures.size(draft.received),
        "whole": draft.whole,
        "dropped": draft.dropped,
        "begun": figures.moment(datetime.fromtimestamp(draft.begun, UTC)),
        "page": reverse("admin:data_page", args=("draft", draft.key)),
        "drop": reverse("admin:data_drop", args=("draft", draft.key)),
        "back": reverse("admin:data_back", args=("draft", draft.key)),
    }


def _with_sizes(names: list[str]) -> list[FreeFolder]:
    end = time.monotonic() + SECONDS
    found = []
    for name in names:
        until = min(end, time.monotonic() + SECONDS_OF_ONE)
        size, whole = _size(Path(settings.DATASETS_ROOT) / name, until)
        text = figures.size(size) if whole else _("more than %(size)s") % {"size": figures.size(size)}
        found.append(
            FreeFolder(name, text if whole or size else figures.DASH, reverse("admin:data_page", args=("folder", name)))
        )
    return found


def _size(root: Path, until: float) -> tuple[int, bool]:
    """Bytes below the folder, and whether there was time to add all of them up."""
    size = 0
    for parent, _folders, files in os.walk(root):
        for number, name in enumerate(files):
            if number % 64 == 0 and time.monotonic() > until:
                return size, False
            try:
                size += os.lstat(f"{parent}/{name}").st_size
            except OSError:
                continue
    return size, True
