"""Script tokens: one's own, made here with the secret shown once; administrators see and revoke everybody's.

A token is addressed by its prefix: its primary key holds the hash, which belongs in no address and on no page.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList as DjangoChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.views import ChangeList

from distillation.admin import figures
from distillation.admin.access import RolePage, actor, held, person
from distillation.admin.token_form import TokenForm
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Refused
from distillation.models import ScriptToken
from distillation.services import tokens


class ByPrefix(ChangeList):
    """A list whose rows link to the prefix."""

    def url_for_result(self, result: ScriptToken) -> str:
        """The token's page."""
        return reverse("admin:distillation_scripttoken_change", args=[result.prefix])


class UsableFilter(admin.SimpleListFilter):
    """Whether a token still opens anything."""

    title = _("status")
    parameter_name = "usable"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Yes or no."""
        return [("yes", _("Usable")), ("no", _("Revoked or expired"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ScriptToken]) -> QuerySet[ScriptToken]:
        """Narrow."""
        over = Q(revoked=True) | Q(expiry_date__lt=timezone.now())
        if self.value() == "yes":
            return queryset.exclude(over)
        return queryset.filter(over) if self.value() == "no" else queryset


class MineFilter(admin.SimpleListFilter):
    """An administrator's own among everybody's."""

    title = _("owner")
    parameter_name = "mine"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """One choice beside "all"."""
        return [("yes", _("Only mine"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ScriptToken]) -> QuerySet[ScriptToken]:
        """Narrow."""
        return queryset.filter(user=person(request)) if self.value() == "yes" else queryset


@admin.register(ScriptToken)
class TokenAdmin(RolePage, ModelAdmin):
    """List, form and page."""

    new_label = _("New script token")
    empty_title = _("There is no script token yet")
    empty_text = _(
        "A token lets a script call the REST interface as you, without your password. It is shown once and can be "
        "revoked at any time."
    )
    list_display = ["named", "owner", "reach", "state", "used", "made"]
    list_display_links = ["named"]
    list_per_page = 50
    search_fields = ["name", "prefix"]
    ordering = ["-created"]
    show_full_result_count = False

    # What is allowed

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScriptToken]:
        """One's own; an administrator sees everybody's."""
        rows = super().get_queryset(request).select_related("user", "task")
        return rows if held(request).administers else rows.filter(user=person(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Everybody who holds a role: a token may no more than its owner."""
        return held(request).has_role

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Nobody gropes for hashes."""
        hidden = lookup.startswith(("hashed_key", "id", "pk"))
        return not hidden and super().lookup_allowed(lookup, value, request)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> ScriptToken:
        """By prefix. Raises PermissionDenied and Http404."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        token = self.get_queryset(request).filter(prefix=object_id).first()
        if token is None:
            raise Http404
        return token

    # The list

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[DjangoChangeList]:
        """With links to prefixes."""
        return ByPrefix

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """The owner only where there can be several."""
        return [name for name in self.list_display if name != "owner" or held(request).administers]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """The same."""
        return [UsableFilter, "scope", *([MineFilter] if held(request).administers else [])]

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """The same."""
        return [*self.search_fields, *(["user__username"] if held(request).administers else [])]

    @display(description=_("Token"), ordering="name")
    def named(self, token: ScriptToken) -> SafeString:
        """What it is for, and how it begins."""
        return format_html(
            '<span class="dd-two dd-name" title="{0}"><b>{0}</b><small class="dd-id">{1}…</small></span>',
            token.name,
            token.prefix,
        )

    @display(description=_("Owner"), ordering="user__username")
    def owner(self, token: ScriptToken) -> SafeString:
        """Who it acts as."""
        return format_html('<span class="dd-cut" title="{0}">{0}</span>', token.user.get_username())

    @display(description=_("Scope"), ordering="scope")
    def reach(self, token: ScriptToken) -> SafeString:
        """What it may do; for a task's own token, which task."""
        return format_html(
            '<span class="dd-two"><span>{}</span><small class="dd-id">{}</small></span>',
            token.get_scope_display(),
            token.task_id or "",
        )

    @display(description=_("Status"))
    def state(self, token: ScriptToken) -> SafeString:
        """Usable until when, or why not."""
        return format_html('<span class="dd-states">{} <small>{}</small></span>', *_state(token))

    @display(description=_("Last used"), ordering="last_used")
    def used(self, token: ScriptToken) -> SafeString:
        """How long ago; to the minute."""
        return _when(token.last_used) if token.last_used else format_html("<span>{}</span>", gettext("Never"))

    @display(description=_("Created"), ordering="created")
    def made(self, token: ScriptToken) -> SafeString:
        """How long ago."""
        return _when(token.created)

    # One token

    def get_urls(self) -> list[Any]:
        """Revoking, before Django's own views."""
        view = self.admin_site.admin_view(self.revoke)
        return [path("<str:prefix>/revoke/", view, name="distillation_scripttoken_revoke"), *super().get_urls()]

    @method_decorator(never_cache)
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Make a token, or look at one."""
        if object_id is None:
            return self._make(request)
        token = self.get_object(request, object_id)
        if request.method == "POST":
            raise PermissionDenied
        return self._render(request, "detail.html", token.name, {"token": token, **_page(token)})

    @method_decorator(require_POST)
    def revoke(self, request: HttpRequest, prefix: str) -> HttpResponse:
        """Make a token useless for ever."""
        token = self.get_object(request, prefix)
        tokens.revoke(token, actor(request))
        messages.success(request, gettext("{token} is revoked.").format(token=token.name))
        return redirect("admin:distillation_scripttoken_change", token.prefix)

    def _make(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = TokenForm(request.POST if request.method == "POST" else None)
        if request.method == "POST":
            try:
                token, secret = tokens.create_token(person(request), form.sent())
            except (InvalidRequest, Refused) as error:
                form.refuse(error)
            else:
                # Shown in the answer itself: kept anywhere for a later page, it would be a second copy.
                context = {"token": token, "secret": secret, **_page(token)}
                return self._render(request, "detail.html", token.name, context)
        return self._render(request, "form.html", gettext("New script token"), {"form": form})

    def _render(self, request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> HttpResponse:
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            f"admin/distillation/scripttoken/{template}",
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": title,
                "list_url": reverse("admin:distillation_scripttoken_changelist"),
                **context,
            },
        )


def _state(token: ScriptToken) -> tuple[SafeString, str]:
    chip = '<span class="dd-chip dd-chip-{}">{}</span>'
    if token.revoked:
        return format_html(chip, "danger", gettext("Revoked")), ""
    if token.has_expired:
        return format_html(chip, "danger", gettext("Expired")), figures.ago(token.expiry_date)
    until = gettext("until {date}").format(date=figures.day(token.expiry_date)) if token.expiry_date else ""
    return format_html(chip, "ok", gettext("Usable")), until


def _page(token: ScriptToken) -> dict[str, Any]:
    return {
        "state": format_html('<span class="dd-states">{} <small>{}</small></span>', *_state(token)),
        "usable": not token.revoked and not token.has_expired,
        "facts": [
            (gettext("Owner"), token.user.get_username()),
            (gettext("Scope"), token.get_scope_display()),
            (gettext("Training task"), token.task_id or ""),
            (gettext("Created"), figures.moment(token.created)),
            (gettext("Expires"), figures.moment(token.expiry_date) if token.expiry_date else gettext("Never")),
            (gettext("Last used"), figures.moment(token.last_used) if token.last_used else gettext("Never")),
        ],
    }


def _when(at: Any) -> SafeString:
    return format_html('<span class="dd-figure" title="{}">{}</span>', figures.moment(at), figures.ago(at))
