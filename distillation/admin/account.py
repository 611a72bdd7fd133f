"""People: their accounts, roles and teams. Administrators manage them, but never make or touch a superuser."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm

from distillation.admin import figures
from distillation.admin.access import AdministratorPage, actor
from distillation.admin.account_form import AccountForm, NewAccountForm
from distillation.models import Role, Team
from distillation.services import accounts

admin.site.unregister(User)

PERSON = ("username", "first_name", "last_name", "email")
DATES = ("logged_in", "joined")
NO_ROLE = "none"
MOST_TEAMS = 3


class RoleFilter(admin.SimpleListFilter):
    """By role, and those who have none."""

    title = _("role")
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The four roles."""
        return [*Role.choices, (NO_ROLE, _("Without a role"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        """Narrow."""
        if self.value() == NO_ROLE:
            return queryset.exclude(groups__name__in=Role.values).exclude(is_superuser=True)
        return queryset.filter(groups__name=self.value()) if self.value() in Role.values else queryset


class TeamFilter(admin.SimpleListFilter):
    """By team."""

    title = _("team")
    parameter_name = "team"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The teams."""
        return [(str(team.pk), team.name) for team in Team.objects.all()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        """Narrow."""
        value = self.value() or ""
        return queryset.filter(groups=int(value)) if value.isdecimal() else queryset


@admin.register(User)
class AccountAdmin(AdministratorPage, UserAdmin, ModelAdmin):
    """A user name is the owner of tasks, so accounts are closed rather than renamed or deleted."""

    form = AccountForm
    add_form = NewAccountForm
    change_password_form = AdminPasswordChangeForm
    add_form_template = "admin/change_form.html"
    change_list_template = "admin/distillation/change_list.html"
    new_label = _("New user")
    list_display = ["person", "role_names", "team_names", "open", "seen"]
    list_display_links = ["person"]
    list_filter = [RoleFilter, TeamFilter, "is_active"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["username", "first_name", "last_name", "email"]
    ordering = ["username"]
    filter_horizontal = ()

    # What is allowed

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only superusers change superusers."""
        may = super().has_change_permission(request, obj)
        return may and (obj is None or not obj.is_superuser or request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: a later account of the same name would own what this one leaves behind."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """With roles and teams in one query for the whole list."""
        return super().get_queryset(request).prefetch_related("groups")

    # The form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What the person at the browser may write or read of this account."""
        rights: tuple[str, ...] = ("roles", "teams")
        if request.user.is_superuser:
            rights = ("is_superuser", *rights)
        if obj is None:
            new = ("username", "usable_password", "password1", "password2")
            return [(None, {"fields": new}), (_("Rights"), {"fields": rights})]
        if not self.has_change_permission(request, obj):
            return [(None, {"fields": (*PERSON, "is_active", "role_names", "team_names", *DATES)})]
        return [
            (None, {"fields": (*PERSON, "password", "is_active")}),
            (_("Rights"), {"fields": rights}),
            (_("Dates"), {"fields": DATES}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """The name is given once."""
        return ["username", "role_names", "team_names", *DATES] if obj else []

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """A plain form where there is nothing to write."""
        if obj is not None and not self.has_change_permission(request, obj):
            kwargs["form"] = forms.ModelForm
        form = super().get_form(request, obj, change=change, **kwargs)
        if "is_superuser" in form.base_fields:
            form.base_fields["is_superuser"].help_text = gettext(
                "Does everything, also what roles allow nobody. Only superusers make superusers."
            )
        if "is_active" in form.base_fields:
            form.base_fields["is_active"].help_text = gettext(
                "Close the account instead of deleting it: what it owns keeps its owner."
            )
        return form

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save; what is noted waits for roles and teams."""
        form.before = accounts.account_facts(User.objects.get(pk=obj.pk)) if change else None
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Roles and teams; then the whole is noted."""
        accounts.set_groups(form.instance, form.cleaned_data["roles"], form.cleaned_data["teams"])
        accounts.note_account("edit" if change else "create", form.instance, actor(request), form.before)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Set somebody's password; that it happened is noted."""
        with transaction.atomic():
            response: HttpResponse = super().user_change_password(request, id, form_url)
            if request.method == "POST" and response.status_code == 302:
                accounts.note_password(self.get_object(request, id), actor(request))
        return response

    @display(description=_("Last login"))
    def logged_in(self, user: User) -> str:
        """To the second."""
        return figures.moment(user.last_login)

    @display(description=_("Created"))
    def joined(self, user: User) -> str:
        """To the second."""
        return figures.moment(user.date_joined)

    # The list

    @display(description=_("User"), ordering="username")
    def person(self, user: User) -> SafeString:
        """The name to log in with, and the real one."""
        return format_html(
            '<span class="dd-two dd-name" title="{0}"><b>{0}</b><small>{1}</small></span>',
            user.username,
            user.get_full_name() or user.email,
        )

    @display(description=_("Roles"))
    def role_names(self, user: User) -> SafeString:
        """One chip a role."""
        names = [group.name for group in user.groups.all()]
        chips: list[tuple[str, Any]] = [("plain", role.label) for role in Role if role.value in names]
        if user.is_superuser:
            chips = [("ok", gettext("Superuser")), *chips]
        return _chips(chips or [("danger", gettext("No role"))])

    @display(description=_("Teams"))
    def team_names(self, user: User) -> SafeString:
        """The first few; all of them when pointed at."""
        names = sorted(group.name for group in user.groups.all() if group.name not in Role.values)
        more = " …" if len(names) > MOST_TEAMS else ""
        shown = ", ".join(names[:MOST_TEAMS]) + more
        return format_html('<span class="dd-cut" title="{}">{}</span>', ", ".join(names), shown or figures.DASH)

    @display(description=_("Account"), ordering="is_active")
    def open(self, user: User) -> SafeString:
        """Whether one can log in with it."""
        return _chips([("ok", gettext("Open")) if user.is_active else ("danger", gettext("Closed"))])

    @display(description=_("Last login"), ordering="last_login")
    def seen(self, user: User) -> SafeString:
        """How long ago."""
        if user.last_login is None:
            return format_html("<span>{}</span>", figures.DASH)
        return format_html(
            '<span class="dd-figure" title="{}">{}</span>',
            figures.moment(user.last_login),
            figures.ago(user.last_login),
        )


def _chips(chips: list[tuple[str, Any]]) -> SafeString:
    inner = format_html_join(" ", '<span class="dd-chip dd-chip-{}">{}</span>', chips)
    return format_html('<span class="dd-states">{}</span>', inner)
