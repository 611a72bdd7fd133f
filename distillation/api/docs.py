"""The documentation pages, without anything from other hosts: they work on a closed network."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.template import engines
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerView
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.request import Request

# Redoc's page asks for web fonts, its bundle for a logo.
REDOC_PAGE = """{% extends "drf_spectacular/redoc.html" %}
{% block head %}
<title>{{ title }}</title>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body { margin: 0; padding: 0; }</style>
{% endblock head %}
"""
ONLY_OURS = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline'",  # Swagger's page holds the script that begins it
        "worker-src 'self' blob:",  # Redoc searches in a worker
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)


class RedocRenderer(TemplateHTMLRenderer):
    """Redoc's page with a head of our own."""

    def resolve_template(self, template_names: Any) -> Any:
        """The page above."""
        return engines["django"].from_string(REDOC_PAGE)


class RedocView(SpectacularRedocView):  # type: ignore[misc]
    """``/redoc/``."""

    renderer_classes = [RedocRenderer]

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Keep the browser from asking other hosts."""
        return _closed(super().finalize_response(request, response, *args, **kwargs))


class SwaggerView(SpectacularSwaggerView):  # type: ignore[misc]
    """``/swagger-ui/``."""

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Keep the browser from asking other hosts."""
        return _closed(super().finalize_response(request, response, *args, **kwargs))


def _closed(response: HttpResponseBase) -> HttpResponseBase:
    response["Content-Security-Policy"] = ONLY_OURS
    return response
