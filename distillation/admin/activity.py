"""Who did what lately: the moves of tasks, and what people wrote of data sets and presets, in one order of time."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from distillation.admin import badge, figures
from distillation.admin.audit_words import kind_word, verb_word
from distillation.models import AuditEntry, TaskStatus, TaskTransition
from distillation.models.sentences import shown
from distillation.selectors import Rights, overview


def recent(seen_by: Rights, most: int) -> list[dict[str, Any]]:
    """The newest first; two queries."""
    moves = [(row.at, _move(row)) for row in overview.moves(seen_by, most)]
    writes = [(row.at, _write(row)) for row in overview.writes(seen_by, most)]
    newest = sorted([*moves, *writes], key=lambda pair: pair[0], reverse=True)
    return [{**line, "when": figures.ago(at), "at": figures.moment(at)} for at, line in newest[:most]]


def _move(row: TaskTransition) -> dict[str, Any]:
    return {
        "key": f"m{row.pk}",
        "task_id": row.task.task_id,
        "name": row.task.task_name,
        "url": reverse("admin:distillation_trainingtask_change", args=[row.task.pk]),
        "badge": badge.badge(TaskStatus(row.to_status)),
        "actor": row.actor,
        "reason": shown(row.reason),
    }


def _write(row: AuditEntry) -> dict[str, Any]:
    return {
        "key": f"w{row.pk}",
        "name": row.object_name or row.object_id,
        "url": _page_of(row),
        "badge": "",
        "actor": row.actor,
        "reason": f"{kind_word(row.kind)} · {verb_word(row.verb)}",
    }


def _page_of(row: AuditEntry) -> str:
    """Its own page; the list where it is gone or has none."""
    if row.kind in ("dataset", "lorapreset") and row.object_id.isdecimal() and row.verb != "delete":
        return reverse(f"admin:distillation_{row.kind}_change", args=[row.object_id])
    if row.kind in ("dataset", "lorapreset"):
        return reverse(f"admin:distillation_{row.kind}_changelist")
    return reverse("admin:distillation_auditentry_changelist")
