"""What people take from a labelling job: drawn pictures, and the labels as one archive."""

from __future__ import annotations

import os

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from distillation import selectors
from distillation.admin.access import held
from distillation.api.files import ChunkedFile, ChunkedStream
from distillation.console.labelling.watching import job_or_404
from distillation.contract.sentence import Refused
from distillation.models.sentences import translate
from distillation.services import label_archives
from distillation.storage.labelled import open_preview
from distillation.storage.local import home
from distillation.storage.zip_stream import zipped


@require_GET
def picture(request: HttpRequest, inference_id: str, number: int) -> HttpResponseBase:
    """A picture with its labels drawn, for those who may see the pictures."""
    job = job_or_404(request, inference_id)
    if not selectors.may_see_pictures(held(request), job):
        raise PermissionDenied
    found = open_preview(job.inference_id, number)
    if found is None:
        raise Http404
    with found:
        content = os.fdopen(os.dup(found.descriptor), "rb")
    return ChunkedFile(content, content_type="image/jpeg")


@require_GET
def archive(request: HttpRequest, inference_id: str) -> HttpResponse | StreamingHttpResponse:
    """The labels, with ``?pictures=1`` and the right to see them the pictures too; a refusal goes to the job's page."""
    job = job_or_404(request, inference_id)
    pictures = request.GET.get("pictures") == "1"
    if not held(request).may_use_models or (pictures and not selectors.may_see_pictures(held(request), job)):
        raise PermissionDenied
    try:
        entries = label_archives.entries(job, pictures=pictures)
    except Refused as refused:
        messages.error(request, translate(refused.sentence))
        return redirect("admin:labelling", job.inference_id)
    response = ChunkedStream(zipped(entries, home()), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{job.inference_id}.zip"'
    return response
