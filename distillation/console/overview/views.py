"""The body of the front page alone, for the page that asks for it every few seconds."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from distillation.admin import dashboard


@require_GET
@never_cache
def body(request: HttpRequest) -> HttpResponse:
    """A piece of HTML with the figures of now."""
    return TemplateResponse(request, "admin/distillation/overview/body.html", dashboard.live(request))
