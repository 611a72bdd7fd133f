"""How the audit log is narrowed: choices that are known beforehand, one row or person from a link, and a period."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from distillation.admin import audit_words
from distillation.models import AuditEntry

YEARS = range(1970, 9999)


class ChoiceFilter(admin.SimpleListFilter):
    """A column whose values are known; asking the log for them would read all of it."""

    template = "admin/distillation/auditentry/choice_filter.html"

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """Narrow."""
        return queryset.filter(**{str(self.parameter_name): self.value()}) if self.value() else queryset


class KindFilter(ChoiceFilter):
    """By the kind of row."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The kinds that are noted."""
        return list(audit_words.KINDS.items())


class VerbFilter(ChoiceFilter):
    """By what was done."""

    title = _("what was done")
    parameter_name = "verb"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The verbs that are noted."""
        return list(audit_words.VERBS.items())


class LinkedFilter(ChoiceFilter):
    """One value that a link brought along; the form offers only to drop it again."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The value that is asked for."""
        asked = request.GET.get(str(self.parameter_name))
        return [(asked, asked)] if asked else []

    def has_output(self) -> bool:
        """Only while it narrows."""
        return bool(self.value())


class ActorFilter(LinkedFilter):
    """One person."""

    title = _("person")
    parameter_name = "actor"


class ObjectFilter(LinkedFilter):
    """One row; together with the kind."""

    title = _("id")
    parameter_name = "object_id"


class PeriodFilter(admin.ListFilter):
    """From one day to another, both included, in the site's time zone."""

    title = _("period")
    template = "admin/distillation/auditentry/period_filter.html"
    first = "from"
    last = "to"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.expected_parameters():
            for value in params.pop(str(name), [])[-1:]:
                self.used_parameters[str(name)] = value

    def has_output(self) -> bool:
        """Always offered."""
        return True

    def expected_parameters(self) -> list[str | None]:
        """The two days."""
        return [self.first, self.last]

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        """None: days are typed."""
        return iter(())

    def day(self, name: str) -> date | None:
        """The day that was asked for, if it is one."""
        try:
            day = date.fromisoformat(str(self.used_parameters.get(name, "")))
        except ValueError:
            return None
        return day if day.year in YEARS else None

    def asked(self) -> dict[str, str]:
        """The two days as the form shows them."""
        days = {name: self.day(name) for name in (self.first, self.last)}
        return {name: day.isoformat() if day else "" for name, day in days.items()}

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """Narrow; what is no day narrows nothing."""
        first, last = self.day(self.first), self.day(self.last)
        if first:
            queryset = queryset.filter(at__gte=_midnight(first))
        return queryset.filter(at__lt=_midnight(last + timedelta(days=1))) if last else queryset


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
