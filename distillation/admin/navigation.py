"""The sidebar: what a person may open, in the order in which it is needed."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _

from distillation.admin.access import held


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of links that the person's rights open."""
    rights = held(request)
    work, scripts = (_work(), _scripts()) if rights.has_role else ([], [])
    groups: list[dict[str, Any]] = [
        {"title": "", "items": [_link(_("Overview"), "dashboard", "admin:index"), *work]},
        {"title": _("For scripts"), "separator": True, "items": [*scripts, _docs()]},
    ]
    if rights.administers:
        groups.append({"title": _("Administration"), "separator": True, "items": _administration()})
    return groups


def styles(request: HttpRequest) -> str:
    """The console's own stylesheet."""
    return static("distillation/console.css")


def theme_script(request: HttpRequest) -> str:
    """The script that tells the account which look was chosen; it is told where to."""
    return f"{static('distillation/theme.js')}?to={reverse('admin:theme')}"


def favicon(request: HttpRequest) -> str:
    """The icon of the browser's tab."""
    return static("distillation/favicon.svg")


def _work() -> list[dict[str, Any]]:
    return [
        _list(_("Training tasks"), "model_training", "distillation_trainingtask"),
        _link(_("Compare tasks"), "compare_arrows", "admin:compare"),
        _list(_("Data sets"), "folder_open", "distillation_dataset"),
        _list(_("Labelling jobs"), "label", "distillation_inferencejob"),
        _list(_("LoRA presets"), "tune", "distillation_lorapreset"),
        _list(_("Workers"), "memory", "distillation_worker"),
    ]


def _scripts() -> list[dict[str, Any]]:
    return [_list(_("Script tokens"), "key", "distillation_scripttoken")]


def _docs() -> dict[str, Any]:
    return _link(_("API documentation"), "api", "swagger-ui")


def _administration() -> list[dict[str, Any]]:
    return [
        _list(_("Users"), "person", "auth_user"),
        _list(_("Teams"), "group", "distillation_team"),
        _list(_("Teacher aliases"), "swap_horiz", "distillation_teacheralias"),
        _list(_("Audit log"), "fact_check", "distillation_auditentry"),
    ]


def _list(title: str, icon: str, model: str) -> dict[str, Any]:
    return _link(title, icon, f"admin:{model}_changelist")


def _link(title: str, icon: str, name: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse(name)}
