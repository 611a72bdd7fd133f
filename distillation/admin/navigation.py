"""The sidebar: what a person may open, in the order in which it is needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of links."""
    return [
        {
            "title": "",
            "items": [
                _link(_("Overview"), "dashboard", "admin:index"),
                _link(_("Training tasks"), "model_training", "admin:distillation_trainingtask_changelist",
                      "distillation.view_trainingtask"),
                _link(_("LoRA presets"), "tune", "admin:distillation_lorapreset_changelist",
                      "distillation.view_lorapreset"),
                _link(_("Workers"), "memory", "admin:distillation_worker_changelist", "distillation.view_worker"),
            ],
        },
        {
            "title": _("Administration"),
            "separator": True,
            "items": [
                _link(_("Users"), "person", "admin:auth_user_changelist", "auth.view_user"),
                _link(_("Teams"), "group", "admin:auth_group_changelist", "auth.view_group"),
                {"title": _("API documentation"), "icon": "api", "link": "/swagger-ui/"},
            ],
        },
    ]  # fmt: skip


def styles(request: HttpRequest) -> str:
    """The console's own stylesheet."""
    return static("distillation/console.css")


def favicon(request: HttpRequest) -> str:
    """The icon of the browser's tab."""
    return static("distillation/favicon.svg")


def _link(title: str, icon: str, name: str, permission: str = "") -> dict[str, Any]:
    try:
        url = reverse(name)
    except NoReverseMatch:
        url = ""
    link: dict[str, Any] = {"title": title, "icon": icon, "link": url}
    if permission:
        link["permission"] = _has(permission)
    return link


def _has(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)
