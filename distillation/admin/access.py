"""Who may open and change what in the console: the rights of ``selectors.rights``, for every page alike.

Django's own permissions play no part. Rows that somebody may not see are not found, also by a guessed address;
what somebody may see but not change is refused. Django's own log is off: writes are noted by ``services.audit``.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from distillation import selectors
from distillation.selectors import Rights

MAX_ACTOR = 64


def held(request: HttpRequest) -> Rights:
    """The rights of the person at the browser."""
    return selectors.rights(request.user)


def person(request: HttpRequest) -> User:
    """The account at the browser. Raises PermissionDenied when nobody has logged in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def actor(request: HttpRequest) -> str:
    """Who asks, as columns keep it."""
    return request.user.get_username()[:MAX_ACTOR]


class RolePage:
    """For a ModelAdmin: everybody who holds a role may look, nobody may write."""

    actions: Any = None
    show_add_link = False
    new_label: Any = ""
    """The words of the button above the list, for those who may add."""
    empty_title: Any = ""
    empty_text: Any = ""
    """What an empty list says, and what its rows would be for."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether lists of pages name this one."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """With a role; which rows is up to the queryset."""
        return held(request).has_role

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Not here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not here."""
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row of the address. Raises PermissionDenied, and Http404 where Django would go to the front page."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = super().get_object(request, object_id, from_field)  # type: ignore[misc]
        if found is None:
            raise Http404
        return found

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Go to the row itself: what happened to it is in the audit log."""
        self.get_object(request, object_id)
        opts = self.model._meta  # type: ignore[attr-defined]
        return redirect(f"admin:{opts.app_label}_{opts.model_name}_change", object_id)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """What is hidden is no reason to offer "show all"."""
        changelist = super().get_changelist_instance(request)  # type: ignore[misc]
        if not changelist.has_active_filters and not changelist.query:
            changelist.full_result_count = changelist.result_count
        return changelist

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The audit log has it."""
        return None

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The audit log has it."""
        return None

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """The audit log has it."""
        return []


class OwnedPage(RolePage):
    """For rows with ``create_by`` and ``visibility``."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """What the person may see; deleted ones too, which the list's filter hides."""
        return selectors.visible(super().get_queryset(request), held(request))  # type: ignore[misc]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Engineers."""
        return held(request).may_create

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The owner and administrators; without a row, those who could own one."""
        return held(request).may_create if obj is None else held(request).may_change(obj.create_by)

    def has_administer_permission(self, request: HttpRequest) -> bool:
        """For actions of administrators."""
        return held(request).administers


class AdministratorPage(RolePage):
    """For what only administrators open."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators."""
        return held(request).administers

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Administrators."""
        return held(request).administers

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators."""
        return held(request).administers

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators."""
        return held(request).administers
