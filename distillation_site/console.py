"""Who gets into the console: everybody who holds a role. What they find there is up to each page."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.forms import AuthenticationForm as BaseForm
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.core.paginator import InvalidPage
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, reverse
from django.utils.translation import gettext as _
from django.views import defaults
from unfold.forms import AuthenticationForm
from unfold.sites import UnfoldAdminSite

from distillation.selectors import rights
from distillation.services.accounts import note_password
from distillation_site.choices import recall


def may_enter(user: User | AnonymousUser | AbstractBaseUser) -> bool:
    """Whether somebody may log in: with a role, or marked as staff by the command line."""
    if not isinstance(user, User) or not user.is_active:
        return False
    return user.is_staff or rights(user).has_role


class ConsoleLoginForm(AuthenticationForm):  # type: ignore[misc]
    """Name and password; an account without a role is told what it lacks, once its password was right."""

    error_messages = BaseForm.error_messages  # without the word "staff"

    def confirm_login_allowed(self, user: User) -> None:
        """Raise ValidationError for those who may not enter."""
        if user.is_active and not may_enter(user):
            raise forms.ValidationError(
                _("The account %(name)s has no role yet, so there is nothing it may see. Ask an administrator for one.")
                % {"name": user.get_username()},
                code="no_role",
            )
        if not user.is_active:
            raise self.get_invalid_login_error()


class ConsoleSite(UnfoldAdminSite):  # type: ignore[misc]
    """The admin site with roles in the place of Django's "staff"."""

    login_form = ConsoleLoginForm

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the person may open the console at all."""
        return may_enter(request.user)

    def extra_urls(self) -> list[URLPattern]:
        """The pages that are more than a list or a form."""
        pages: list[URLPattern] = import_module("distillation.console.urls").urlpatterns
        return pages

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Let somebody in, in the language and the look that their account keeps."""
        response: HttpResponse = super().login(request, extra_context)
        if request.method == "POST" and response.status_code == 302 and isinstance(request.user, User):
            recall(response, request.user)
        return response

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Change one's own password; that it happened is in the audit log."""
        with transaction.atomic():
            response: HttpResponse = super().password_change(request, extra_context)
            if request.method == "POST" and response.status_code == 302 and isinstance(request.user, User):
                note_password(request.user, request.user.get_username())
        return response

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The search for pages. Raises Http404 for a page of results that there is not."""
        try:
            response: HttpResponse = super().search(request, extra_context)
        except (InvalidPage, ValueError) as error:
            raise Http404 from error
        return response


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The answer to what somebody may not open or do."""
    return _turned_away(request, 403) or defaults.permission_denied(request, exception)


def not_there(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The answer to an address that leads nowhere, or to what somebody may not see."""
    return _turned_away(request, 404) or defaults.page_not_found(request, exception)


def _turned_away(request: HttpRequest, status: int) -> HttpResponse | None:
    """A page of the console with a way out; None where there is no console around it."""
    if not request.path.startswith(reverse("admin:index")) or not may_enter(getattr(request, "user", AnonymousUser())):
        return None
    missing = status == 404
    title = _("Not found") if missing else _("Not allowed")
    context = {**admin.site.each_context(request), "title": title, "missing": missing}
    return render(request, "admin/turned_away.html", context, status=status)
