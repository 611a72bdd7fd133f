"""The forms behind the list's saved views and columns, and the switch of light and dark."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from distillation.admin.access import person
from distillation.admin.task_list import COLUMNS
from distillation.contract.sentence import Refused
from distillation.models import SavedView
from distillation.models.sentences import translate
from distillation.selectors import task_table
from distillation.services import preferences, saved_views


@require_POST
def new_view(request: HttpRequest) -> HttpResponse:
    """Keep what the list shows under a name."""
    query = _clean(request.POST.get("query", ""))
    try:
        default = request.POST.get("default") == "1"
        view = saved_views.save_view(person(request), request.POST.get("name", ""), query, default=default)
    except Refused as refused:
        messages.error(request, translate(refused.sentence))
    else:
        messages.success(request, _("The view %(name)s is saved.") % {"name": view.name})
    return _to_list(query)


@require_POST
def change_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename, replace, open first, or delete one of one's own views. Raises Http404 for anybody else's."""
    view = SavedView.objects.select_related("user").filter(pk=pk, user=person(request)).first()
    if view is None:
        raise Http404
    back, wanted = _clean(request.POST.get("back", "")), request.POST.get("do", "")
    try:
        if wanted == "rename":
            saved_views.rename_view(view, request.POST.get("name", ""))
        elif wanted == "replace":
            saved_views.save_view(view.user, view.name, back)
        elif wanted in ("default", "no_default"):
            saved_views.make_default(view, default=wanted == "default")
        elif wanted == "delete":
            saved_views.delete_view(view)
        else:
            messages.error(request, _("There is no such action."))
    except Refused as refused:
        messages.error(request, translate(refused.sentence))
    return _to_list(back)


@require_POST
def columns(request: HttpRequest) -> HttpResponse:
    """Remember which columns the list shows."""
    wanted = set() if "usual" in request.POST else set(request.POST.getlist("column"))
    known = [name for name in COLUMNS if name in wanted or name == "task"]
    preferences.choose_columns(person(request), [] if "usual" in request.POST else known)
    return _to_list(_clean(request.POST.get("back", "")))


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light, dark or system."""
    known = preferences.choose_theme(person(request), request.POST.get("theme", ""))
    return HttpResponse(status=204 if known else 400)


def _clean(query: str) -> str:
    """What the list would make of a query string, so that only filters are kept and gone back to."""
    return task_table.as_query(task_table.read_text(query))


def _to_list(query: str) -> HttpResponse:
    return redirect(f"{reverse('admin:distillation_trainingtask_changelist')}?{query or 'all'}")
