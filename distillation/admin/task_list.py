"""The columns and filters of the list of tasks. No column may ask the database: lists keep their query count."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from distillation.admin import badge, figures, words
from distillation.admin.deleted import DeletedFilter
from distillation.admin.metric_names import special
from distillation.models import Executor, TaskStatus, TrainingTask
from distillation.selectors import Rights, tasks_seen_by

COLUMNS = ["task", "state", "advance", "pair", "data", "exactness", "took", "made"]


class RunsFilter(admin.SimpleListFilter):
    """By executor; ``real`` leaves the samples out, as the front page's counts do."""

    title = _("executor")
    parameter_name = "runs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The executors."""
        return [("real", _("Without samples")), *Executor.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TrainingTask]) -> QuerySet[TrainingTask]:
        """Narrow."""
        if self.value() == "real":
            return queryset.exclude(executor=Executor.SAMPLE)
        return queryset.filter(executor=self.value()) if self.value() in Executor.values else queryset


class ModeFilter(admin.SimpleListFilter):
    """With a teacher or without."""

    title = _("training mode")
    parameter_name = "training_mode"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The two modes."""
        return [(mode, words.VALUES[mode]) for mode in ("distillation", "direct")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[TrainingTask]) -> QuerySet[TrainingTask]:
        """Narrow."""
        return queryset.filter(training_mode=self.value()) if self.value() else queryset


FILTERS = ["status", RunsFilter, ModeFilter, "student_model", DeletedFilter]


class TaskColumns:
    """One method a column."""

    @display(description=_("Task"), ordering="task_name")
    def task(self, task: TrainingTask) -> SafeString:
        """Name and id."""
        return format_html(
            '<span class="dd-two dd-name" title="{0}"><b>{0}</b><small class="dd-id">{1}</small></span>',
            task.task_name,
            task.task_id,
        )

    @display(description=_("Status"), ordering="status")
    def state(self, task: TrainingTask) -> SafeString:
        """The badge, and what else is to be known."""
        return format_html('<span class="dd-states">{} {}</span>', badge.status_badge(task), badge.notes(task))

    @display(description=_("Progress"), ordering="progress")
    def advance(self, task: TrainingTask) -> SafeString:
        """The bar; the epoch below."""
        return format_html(
            '<span class="dd-two">{}<small class="dd-figure">{}</small></span>',
            badge.progress_bar(task),
            _epochs(task),
        )

    @display(description=_("Teacher → student"), ordering="student_model")
    def pair(self, task: TrainingTask) -> SafeString:
        """Who teaches whom."""
        teacher = task.teacher_model if task.training_mode != "direct" else ""
        return format_html(
            '<span class="dd-two dd-pair" title="{0} → {1}"><span>{0}</span><small>→ <b>{1}</b></small></span>',
            teacher or words.VALUES["direct"],
            task.student_model,
        )

    @display(description=_("Data set"), ordering="dataset_id")
    def data(self, task: TrainingTask) -> SafeString:
        """What it learns from."""
        name = task.dataset_name or task.dataset_id or figures.DASH
        return format_html('<span class="dd-cut" title="{0}">{0}</span>', name)

    @display(description=_("Accuracy"), ordering="best_accuracy")
    def exactness(self, task: TrainingTask) -> SafeString:
        """The last one and the best one; sorted by the best."""
        best = (
            _("best %(value)s") % {"value": figures.percent(task.best_accuracy)}
            if task.best_accuracy is not None
            else ""
        )
        return format_html(
            '<span class="dd-two dd-right"><span class="dd-figure">{}</span><small class="dd-figure">{}</small></span>',
            figures.percent(task.accuracy),
            " · ".join(filter(None, (special(task), best))),
        )

    @display(description=_("Duration"), ordering="duration")
    def took(self, task: TrainingTask) -> SafeString:
        """Of the run."""
        return format_html('<span class="dd-right dd-figure">{}</span>', figures.duration(task.duration))

    @display(description=_("Created"), ordering="create_time")
    def made(self, task: TrainingTask) -> SafeString:
        """Whose, since when."""
        return format_html(
            '<span class="dd-two dd-made"><span title="{0}">{0}</span><small title="{2}">{1}</small></span>',
            task.create_by or figures.DASH,
            figures.ago(task.create_time),
            figures.moment(task.create_time),
        )


def chips(current: str, seen_by: Rights) -> list[dict[str, Any]]:
    """Each status with the number of tasks that are seen, for the row above the list: one query."""
    rows = tasks_seen_by(seen_by).order_by().values_list("status").annotate(n=Count("id"))
    numbers = dict(rows)
    return [
        {
            "value": status.value,
            "badge": badge.badge(status),
            "count": numbers.get(status.value, 0),
            "selected": status.value == current,
        }
        for status in TaskStatus
    ]


def _epochs(task: TrainingTask) -> str:
    doing = badge.doing(task) if task.status == TaskStatus.RUNNING else ""
    return " · ".join(part for part in (f"{task.current_epoch} / {task.total_epochs}", doing) if part)
