"""Logically deleted rows in lists: hidden unless they are asked for, and then not missing from the count."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class DeletedFilter(admin.SimpleListFilter):
    """Hides deleted rows unless they are asked for."""

    title = _("deleted")
    parameter_name = "deleted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The choices beside the default."""
        return [("yes", _("Only deleted ones")), ("all", _("With deleted ones"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By default what is not deleted."""
        if self.value() == "all":
            return queryset
        return queryset.filter(del_flag=1 if self.value() == "yes" else 0)

    def choices(self, changelist: Any) -> Any:
        """Name the default, which Django would call "All"."""
        for index, choice in enumerate(super().choices(changelist)):
            yield {**choice, "display": _("Not deleted")} if index == 0 else choice


class LogicalDeletion:
    """For a ModelAdmin whose rows are never deleted physically."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: Django would delete the row; the verb "delete" hides it."""
        return False
