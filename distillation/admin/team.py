"""Teams and their members. Roles are groups too, but no teams, so nobody renames or deletes one here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from distillation.admin import figures
from distillation.admin.access import AdministratorPage, actor
from distillation.admin.account_form import TeamForm
from distillation.models import Team
from distillation.services import accounts, audit

admin.site.unregister(Group)

MOST_NAMES = 8


@admin.register(Team)
class TeamAdmin(AdministratorPage, ModelAdmin):
    """Name and members."""

    form = TeamForm
    fields = ["name", "members"]
    new_label = _("New team")
    empty_title = _("There is no team yet")
    empty_text = _("Members of a team see one another's tasks, presets and data sets, except those that are private.")
    list_display = ["team", "size", "people"]
    list_display_links = ["team"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["name", "user__username"]
    ordering = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        """With the members in one query for the whole list."""
        return super().get_queryset(request).annotate(members=Count("user", distinct=True)).prefetch_related("user_set")

    def save_model(self, request: HttpRequest, obj: Team, form: Any, change: bool) -> None:
        """Save; what is noted waits for the members."""
        form.before = accounts.team_facts(self.model.objects.get(pk=obj.pk)) if change else {}
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The members; then the whole is noted."""
        form.instance.user_set.set(form.cleaned_data["members"])
        after = accounts.team_facts(form.instance)
        audit.write("edit" if change else "create", form.instance, actor(request), form.before, after)

    def delete_model(self, request: HttpRequest, obj: Team) -> None:
        """Note and delete; the accounts stay."""
        accounts.delete_team(obj, actor(request))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Ask with the names of those whom it concerns."""
        members = list(self.get_object(request, object_id).user_set.order_by("username"))
        return super().delete_view(request, object_id, {**(extra_context or {}), "members": members})

    @display(description=_("Team"), ordering="name")
    def team(self, team: Team) -> SafeString:
        """The name."""
        return format_html('<span class="dd-two dd-name" title="{0}"><b>{0}</b></span>', team.name)

    @display(description=_("Members"), ordering="members")
    def size(self, team: Any) -> SafeString:
        """How many."""
        return format_html('<span class="dd-right dd-figure">{}</span>', figures.count(team.members))

    @display(description=_("Who"))
    def people(self, team: Team) -> SafeString:
        """The first few; all of them when pointed at."""
        names = sorted(user.username for user in team.user_set.all())
        shown = ", ".join(names[:MOST_NAMES]) + (" …" if len(names) > MOST_NAMES else "")
        return format_html(
            '<span class="dd-cut dd-broad" title="{}">{}</span>', ", ".join(names), shown or figures.DASH
        )
