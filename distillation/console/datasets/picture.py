"""A small picture of a sample with its labels, made at request; what cannot be shown is a card that says why."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_GET

from distillation.console.datasets.places import Place, find
from distillation.contract.sentence import Refused
from distillation.datasets import pictures
from distillation.datasets.layout import shown
from distillation.datasets.survey import report as reports
from distillation.datasets.survey.entries import SPLITS
from distillation.datasets.survey.index import Kept
from distillation.datasets.thumbnails import thumbnail
from distillation.models.sentences import translate
from distillation.services import surveys
from distillation.storage.local import json_object

SECONDS = 24 * 3600
"""That a browser may keep a picture; its address has the file's time."""


@require_GET
def picture(request: HttpRequest, kind: str, key: str, split: str, number: int) -> HttpResponse:
    """The picture of one sample."""
    place = find(request, kind, key)
    if split not in SPLITS or number >= 2**62:
        raise Http404
    try:
        kept = surveys.index(place.out).sample(split, number)
    except sqlite3.Error as error:
        raise Http404 from error
    if kept is None or not kept.path:
        raise Http404
    tag = _tag(place, kept)
    if request.headers.get("If-None-Match") == tag:
        response = HttpResponse(status=304)
    else:
        response = _drawn(place, kept)
    if response.status_code == 304 or response.headers["Content-Type"] == "image/jpeg":
        response.headers["ETag"] = tag
        patch_cache_control(response, private=True, max_age=SECONDS)
    return response


def _drawn(place: Place, kept: Kept) -> HttpResponse:
    classes = [str(name) for name in json_object(place.out / reports.FILE).get("classes") or ()]
    try:
        return HttpResponse(thumbnail(place.root, kept, classes), content_type="image/jpeg")
    except Refused as refusal:
        why = translate(refusal.sentence)
    except pictures.FAILURES as error:  # labels of a damaged index, memory
        why = translate(pictures.unreadable(Path(kept.path), error).sentence)
    response = HttpResponse(
        render_to_string("admin/distillation/data/unreadable.svg", {"why": _broken(why), "name": shown(kept.path)}),
        content_type="image/svg+xml",
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    patch_cache_control(response, private=True, no_store=True)
    return response


def _tag(place: Place, kept: Kept) -> str:
    """Of the file as it is now, and of its labels."""
    try:
        stat = (place.root / kept.path).stat()
        now = f"{stat.st_size} {stat.st_mtime_ns}"
    except (OSError, ValueError):
        now = "gone"
    return f'"{hashlib.sha256(f"{kept} {now}".encode(errors="replace")).hexdigest()[:32]}"'


def _broken(text: str) -> list[str]:
    """Lines of a card: words have no spaces in Chinese, so by width."""
    lines, line, width = [], "", 0
    for char in text[:220]:
        line, width = line + char, width + (2 if ord(char) > 0x2E80 else 1)
        if width >= 38:
            lines.append(line)
            line, width = "", 0
    return [*lines, line]
