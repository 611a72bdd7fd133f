"""The audit log, read-only, for administrators: who changed what, from where, with the values before and after.

It grows for ever, so no page counts it: lists go back and forth, ordered by the primary key.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from distillation.admin import audit_words, figures
from distillation.admin.access import AdministratorPage
from distillation.admin.audit_filters import ActorFilter, KindFilter, ObjectFilter, PeriodFilter, VerbFilter
from distillation.models import AuditEntry, TrainingTask

PAGES = {
    "lorapreset": "admin:distillation_lorapreset_change",
    "dataset": "admin:distillation_dataset_change",
    "teacheralias": "admin:distillation_teacheralias_change",
    "scripttoken": "admin:distillation_scripttoken_change",
    "user": "admin:auth_user_change",
    "team": "admin:distillation_team_change",
}
"""Where the row of a kind is shown, by the id that the entry holds."""
GONE = ("delete", "remove")
MOST_FIELDS = 4


@admin.register(AuditEntry)
class AuditAdmin(AdministratorPage, ModelAdmin):
    """List and page of entries."""

    list_display = ["when", "who", "what", "row", "changes", "through"]
    list_display_links = ["when"]
    list_filter = [ActorFilter, ObjectFilter, KindFilter, VerbFilter, PeriodFilter]
    list_filter_submit = True
    list_per_page = 50
    list_fullwidth = True
    paginator = InfinitePaginator
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False
    search_fields = ["actor", "object_id", "object_name"]
    search_help_text = _("Person, id or name")
    ordering = ["-id"]
    sortable_by = ()

    # What is allowed

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        """With the keys of the tasks' pages, which entries name by their public id."""
        task = TrainingTask.objects.filter(task_id=OuterRef("object_id")).values("pk")[:1]
        return super().get_queryset(request).annotate(task_pk=Subquery(task))

    # The list

    @display(description=_("When"))
    def when(self, entry: AuditEntry) -> SafeString:
        """To the second."""
        return format_html(
            '<span class="dd-figure" title="{}">{}</span>', figures.ago(entry.at), figures.moment(entry.at)
        )

    @display(description=_("Who"))
    def who(self, entry: AuditEntry) -> SafeString:
        """The person; a click shows all that they did."""
        url = f"{reverse('admin:distillation_auditentry_changelist')}?{urlencode({'actor': entry.actor})}"
        return format_html('<a class="dd-cut dd-link" href="{}" title="{}">{}</a>', url, entry.actor, entry.actor)

    @display(description=_("What"))
    def what(self, entry: AuditEntry) -> SafeString:
        """The verb, and the kind of row."""
        return format_html(
            '<span class="dd-two"><b>{}</b><small>{}</small></span>',
            audit_words.verb_word(entry.verb),
            audit_words.kind_word(entry.kind),
        )

    @display(description=_("Which"))
    def row(self, entry: AuditEntry) -> SafeString:
        """Name and id, with a link where there is a page."""
        name = entry.object_name or entry.object_id
        url = page_of(entry)
        start = format_html('<a class="dd-link" href="{}">{}</a>', url, name) if url else name
        return format_html(
            '<span class="dd-two dd-name" title="{}"><span>{}</span><small class="dd-id">{}</small></span>',
            name,
            start,
            entry.object_id,
        )

    @display(description=_("Fields"))
    def changes(self, entry: AuditEntry) -> SafeString:
        """The names of the first fields that differ; none for a row that is new or gone."""
        if not entry.before or not entry.after:
            return format_html('<span class="dd-cut">{}</span>', figures.DASH)
        names = [audit_words.field_word(entry.kind, name) for name in entry.after]
        shown = ", ".join(names[:MOST_FIELDS]) + (" …" if len(names) > MOST_FIELDS else "")
        return format_html(
            '<span class="dd-cut dd-fields" title="{}">{}</span>', ", ".join(names), shown or figures.DASH
        )

    @display(description=_("Through"))
    def through(self, entry: AuditEntry) -> SafeString:
        """Console, REST or a token, and the address."""
        return format_html(
            '<span class="dd-two dd-made"><span title="{0}">{0}</span><small class="dd-figure">{1}</small></span>',
            audit_words.way_word(entry.via),
            entry.address,
        )

    # One entry

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The values before and after."""
        if object_id is None or request.method != "GET":
            return super().changeform_view(request, object_id, form_url, extra_context)
        entry = self.get_object(request, object_id)
        base = reverse("admin:distillation_auditentry_changelist")
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            "admin/distillation/auditentry/detail.html",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": f"{audit_words.verb_word(entry.verb)} · {entry.object_name or entry.object_id}",
                "entry": entry,
                "kind": audit_words.kind_word(entry.kind),
                "facts": _facts(entry),
                "rows": _differences(entry),
                "page": page_of(entry),
                "same_row": f"{base}?{urlencode({'kind': entry.kind, 'object_id': entry.object_id})}",
                "same_person": f"{base}?{urlencode({'actor': entry.actor})}",
                "list_url": base,
            },
        )


def page_of(entry: Any) -> str:
    """The page of the row that was written; empty when there is none (any more)."""
    if entry.kind in ("trainingtask", "modelevaluation"):
        return reverse("admin:distillation_trainingtask_change", args=[entry.task_pk]) if entry.task_pk else ""
    if entry.kind not in PAGES or entry.verb in GONE:
        return ""
    return reverse(PAGES[entry.kind], args=[entry.object_id]) if entry.object_id else ""


def _facts(entry: AuditEntry) -> list[tuple[str, str]]:
    return [
        (gettext("When"), f"{figures.moment(entry.at)} · {figures.ago(entry.at)}"),
        (gettext("Who"), entry.actor),
        (gettext("Through"), audit_words.way_word(entry.via)),
        (gettext("From where"), entry.address or figures.DASH),
        (gettext("Request"), entry.request_id or figures.DASH),
    ]


def _differences(entry: AuditEntry) -> list[tuple[str, str, str]]:
    """Field, value before, value after; in the order of the row's columns."""
    before, after = _dict(entry.before), _dict(entry.after)
    return [
        (audit_words.field_word(entry.kind, name), _text(before, name), _text(after, name))
        for name in {**before, **after}
    ]


def _text(facts: dict[str, Any], name: str) -> str:
    return audit_words.value_text(facts[name]) if name in facts else ""


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
