"""The page of the list of tasks: rows, filters, chips, saved views and pages, from the address and the account."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from distillation.admin import badge, figures, words
from distillation.admin.access import held, person
from distillation.admin.task_list import COLUMNS, chosen, member
from distillation.contract.limits import BULK_TASKS
from distillation.models import Executor, SavedView, TaskStatus, TrainingTask
from distillation.models.task import TaskQuerySet
from distillation.selectors import task_table
from distillation.selectors.task_table import Asked
from distillation.services.preferences import preference_of

PAGE = 50
ALL = "all"
"""The parameter that asks for every task even where a saved view opens first."""

_LABELS: dict[str, str | Promise] = {
    "q": gettext_lazy("Search"), "type": gettext_lazy("Task type"), "mode": gettext_lazy("Training mode"),
    "student": gettext_lazy("Student"), "dataset": gettext_lazy("Data set"), "owner": gettext_lazy("Owner"),
    "runs": gettext_lazy("Run by"), "since": gettext_lazy("Created"), "first": gettext_lazy("Created from"),
    "last": gettext_lazy("Created until"), "deleted": gettext_lazy("Deleted"), "group": gettext_lazy("Group"),
    "fold": gettext_lazy("Groups"),
}  # fmt: skip
_SELECTS = ("type", "mode", "student", "dataset", "owner", "runs", "since", "deleted", "fold")


def first_view(request: HttpRequest) -> str | None:
    """The query string to open instead of an address without one; None where no view is to open first."""
    if request.GET:
        return None
    found = SavedView.objects.filter(user=person(request), is_default=True).values_list("query", flat=True).first()
    return found or None


def page(request: HttpRequest) -> dict[str, Any]:
    """Everything that the template shows. Ten queries at most, however many tasks there are."""
    rights, asked = held(request), task_table.read(request.GET)
    tasks = task_table.narrowed(asked, rights)
    total, rows = task_table.numbers(asked, tasks)
    pages = Paginator(range(rows), PAGE).get_page(request.GET.get("p"))
    shown = list(task_table.rows(asked, tasks)[pages.start_index() - 1 if rows else 0 : pages.end_index()])
    columns = chosen(preference_of(person(request)).columns)
    counts = task_table.by_status(task_table.narrowed(asked, rights, any_status=True))
    options = _options(task_table.choices(rights))
    return {
        "asked": asked,
        "query": task_table.as_query(asked),
        "columns": [_header(name, asked) for name in columns],
        "all_columns": [(name, column.label, name in columns) for name, column in COLUMNS.items() if name != "task"],
        "rows": _rows(shown, columns, asked, tasks),
        "total": total,
        "row_count": rows,
        "summary": _summary(total, rows),
        "pages": pages,
        "page_links": _page_links(pages, asked),
        "chips": _chips(counts, asked),
        "any_status": {"url": _with(asked, status=""), "count": figures.count(sum(counts.values()))},
        "filters": [_select(name, asked, options[name]) for name in _SELECTS],
        "active": _active(asked, options),
        "none_at_all": not sum(counts.values()) and not asked.items(),
        "views": _views(request, asked),
        "across": total if len(shown) < total <= BULK_TASKS else 0,
        "may_write": rights.may_create,
        "may_administer": rights.administers,
    }


def _rows(shown: list[TrainingTask], columns: list[str], asked: Asked, tasks: TaskQuerySet) -> list[dict[str, Any]]:
    ids = {task.group_id for task in shown if task.group_id} if asked.folds else set()
    groups = task_table.groups(tasks, ids)
    return [_row(task, groups.get(task.group_id or ""), columns, asked) for task in shown]


def _row(task: TrainingTask, group: dict[str, Any] | None, columns: list[str], asked: Asked) -> dict[str, Any]:
    if group is None or group["n"] < 2:
        cells = [(name, COLUMNS[name].label, COLUMNS[name].cell(task)) for name in columns]
        if asked.group:
            cells[0] = ("task", COLUMNS["task"].label, member(task))
        url = reverse("admin:distillation_trainingtask_change", args=[task.pk])
        return {"pk": task.pk, "name": task.task_name, "url": url, "cells": cells, "group": None}
    cells = []
    for name in columns:
        column = COLUMNS[name]
        cells.append((name, column.label, column.of_group(task, group) if column.of_group else column.cell(task)))
    members = {**dict(asked.items()), "group": task.group_id}
    return {
        "pk": task.pk,
        "name": task.task_name,
        "url": f"?{urlencode(members)}",
        "cells": cells,
        "group": task.group_id,
    }


def _header(name: str, asked: Asked) -> dict[str, Any]:
    column = COLUMNS[name]
    word = column.order
    down, up = asked.o == f"-{word}", asked.o == word
    first, second = (f"-{word}", word) if column.right or word in ("made", "ended", "advance") else (word, f"-{word}")
    return {
        "name": name,
        "label": column.label,
        "right": column.right,
        "url": _with(asked, o=second if asked.o == first else first) if word else "",
        "sorted": "descending" if down and word else "ascending" if up and word else "",
    }


def _summary(total: int, rows: int) -> str:
    said = ngettext("%(n)s task", "%(n)s tasks", total) % {"n": figures.count(total)}
    return said if rows == total else _("%(tasks)s in %(rows)s rows") % {"tasks": said, "rows": figures.count(rows)}


def _chips(counts: dict[str, int], asked: Asked) -> list[dict[str, Any]]:
    return [
        {
            "badge": badge.badge(status),
            "count": counts.get(status.value, 0),
            "selected": status.value == asked.status,
            "url": _with(asked, status="" if status.value == asked.status else status.value),
        }
        for status in TaskStatus
    ]


def _options(found: dict[str, list[tuple[str, str]]]) -> dict[str, list[tuple[str, Any]]]:
    days = [(key, ngettext("in the last %(n)s day", "in the last %(n)s days", number) % {"n": number})
            for key, number in task_table.SPANS.items()]  # fmt: skip
    return {
        **found,
        "type": [(kind, words.value_word(kind)) for kind in task_table.TYPES],
        "mode": [(mode, words.value_word(mode)) for mode in task_table.MODES],
        "runs": [(task_table.REAL, _("Without samples")), *Executor.choices],
        "since": days,
        "deleted": [("yes", _("Only deleted ones")), ("all", _("With deleted ones"))],
        "fold": [("no", _("A row for every task"))],
    }


def _select(name: str, asked: Asked, options: list[tuple[str, Any]]) -> dict[str, Any]:
    value = getattr(asked, name)
    if value and value not in dict(options):
        options = [*options, (value, value)]
    nothing = {"deleted": _("Not deleted"), "fold": _("Folded to one row")}.get(name, _("All"))
    return {"name": name, "label": _LABELS[name], "value": value, "options": [("", nothing), *options]}


def _active(asked: Asked, options: dict[str, list[tuple[str, Any]]]) -> list[dict[str, Any]]:
    """What narrows the list, each with the address without it."""
    return [
        {
            "label": _LABELS[name],
            "value": _("one group") if name == "group" else dict(options.get(name, [])).get(value, value),
            "url": _with(asked, **{name: ""}),
        }
        for name, value in asked.items()
        if name in _LABELS
    ]


def _views(request: HttpRequest, asked: Asked) -> list[dict[str, Any]]:
    current = task_table.as_query(asked)
    return [
        {
            "id": view.pk,
            "name": view.name,
            "url": f"?{view.query or ALL}",
            "current": view.query == current,
            "is_default": view.is_default,
        }
        for view in SavedView.objects.filter(user=person(request))
    ]


def _page_links(pages: Any, asked: Asked) -> list[dict[str, Any]]:
    if pages.paginator.num_pages < 2:
        return []
    dots = pages.paginator.ELLIPSIS
    return [
        {
            "label": number,
            "url": "" if number == dots else _with(asked, p=str(number)),
            "current": number == pages.number,
        }
        for number in pages.paginator.get_elided_page_range(pages.number, on_each_side=2, on_ends=1)
    ]


def _with(asked: Asked, **changed: str) -> str:
    """The address with other values; every change but of the page leads back to the first page."""
    values = {**dict(asked.items()), **changed}
    query = urlencode([(name, value) for name, value in values.items() if value])
    return f"?{query or ALL}"
