"""What every page of the console's own shares: the frame around it, and who may open it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from distillation import selectors
from distillation.admin.access import held
from distillation.models import TrainingTask

View = Callable[..., HttpResponseBase]


def render(request: HttpRequest, template: str, title: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """The template ``admin/distillation/<template>`` in the console's frame."""
    request.current_app = admin.site.name
    context = {**admin.site.each_context(request), "title": title, **context}
    return TemplateResponse(request, f"admin/distillation/{template}", context, status=status)


def page(route: str, view: View, name: str) -> URLPattern:
    """``/admin/<route>`` for those who hold a role, as ``admin:<name>``; others log in, or are refused."""

    @wraps(view)
    def with_role(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not held(request).has_role:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return path(route, admin.site.admin_view(with_role), name=name)


def task_or_404(request: HttpRequest, pk: int) -> TrainingTask:
    """A task that the person may see and whose model the person may use. Raises Http404 and PermissionDenied."""
    task = selectors.tasks_seen_by(held(request)).filter(pk=pk).first()
    if task is None:
        raise Http404
    if not held(request).may_use_models:
        raise PermissionDenied
    return task
