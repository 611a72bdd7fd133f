"""A task's log by the page: from a cursor forwards, or the newest lines and from there backwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Q, QuerySet

from distillation.models import LogLine

COLUMNS = ("id", "at", "level", "source", "kind", "attempt", "arm", "step", "text", "detail")


@dataclass(frozen=True, slots=True)
class Page:
    """Lines in the order in which they were written."""

    rows: list[dict[str, Any]]
    cursor: int
    """What the next question for newer lines begins behind."""
    before: int | None
    """What a question for older lines ends before; None when there are none."""
    more: bool
    """Newer lines are there already (only when read forwards)."""


def wanted(
    task: int, *, level: int = 0, search: str = "", kinds: Sequence[str] = (), sources: Sequence[str] = ()
) -> QuerySet[LogLine]:
    """The lines from a level on, of some kinds and sources, that contain a text."""
    lines = LogLine.objects.filter(task_id=task)
    if level:
        lines = lines.filter(level__gte=level)
    if kinds:
        lines = lines.filter(kind__in=kinds)
    if sources:
        lines = lines.filter(source__in=sources)
    if search:
        lines = lines.filter(Q(text__icontains=search) | Q(detail__icontains=search))
    return lines


def newer(lines: QuerySet[LogLine], task: int, after: int, limit: int) -> Page:
    """The first lines behind a cursor; two queries."""
    newest = LogLine.objects.filter(task_id=task).aggregate(id=Max("id"))["id"] or 0
    rows = list(lines.filter(id__gt=after).order_by("id").values(*COLUMNS)[: limit + 1])
    more = len(rows) > limit
    rows = rows[:limit]
    last = rows[-1]["id"] if rows else after
    # Lines that the filter leaves out are not asked for again.
    return Page(rows, last if more else max(newest, last), rows[0]["id"] if rows else None, more)


def newest(lines: QuerySet[LogLine], task: int, limit: int, before: int | None = None) -> Page:
    """The last lines, or the last ones before a cursor; two queries."""
    head = LogLine.objects.filter(task_id=task).aggregate(id=Max("id"))["id"] or 0
    if before is not None:
        lines = lines.filter(id__lt=before)
    rows = list(lines.order_by("-id").values(*COLUMNS)[: limit + 1])
    older = len(rows) > limit
    rows = rows[:limit][::-1]
    return Page(rows, max(head, rows[-1]["id"] if rows else 0), rows[0]["id"] if older else None, more=False)
