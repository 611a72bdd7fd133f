"""The columns of the list of tasks: what each says of one task, and of a group that is folded to one row.

No column may ask the database: lists keep their query count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from distillation.admin import badge, figures, words
from distillation.admin.metric_names import metric
from distillation.admin.visibility import visibility_chip
from distillation.contract.task_types import type_of_name
from distillation.models import Executor, TaskStatus, TrainingTask

APART = " · "
"""Stands between the name of a group and what differs in each of its tasks; ``services.cloning`` writes it."""
Group = dict[str, Any]
"""The figures of ``selectors.task_table.groups``."""
Cell = Callable[[TrainingTask], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    label: str | Promise
    cell: Cell
    order: str
    """Its word in the address; the same as a key of ``task_table.ORDERS``, empty where it does not sort."""
    of_group: Callable[[TrainingTask, Group], Any] | None = None
    """The best task of the group, and the group's figures; None where the best task's cell stands for all."""
    right: bool = False


def _task(task: TrainingTask) -> SafeString:
    return format_html(
        '<span class="dd-two dd-name" title="{0}"><b>{0}</b><small class="dd-id">{1}</small></span>',
        task.task_name,
        task.task_id,
    )


def member(task: TrainingTask) -> SafeString:
    """A task among those of its group: what tells it from the others stands first."""
    return format_html(
        '<span class="dd-two dd-name" title="{}"><b>{}</b><small class="dd-id">{}</small></span>',
        task.task_name,
        task.task_name.partition(APART)[2] or task.task_name,
        task.task_id,
    )


def _group_task(task: TrainingTask, group: Group) -> SafeString:
    """What the names of clones begin with; what differs stands behind the dot."""
    number = ngettext("%(n)s task", "%(n)s tasks", group["n"]) % {"n": group["n"]}
    return format_html(
        '<span class="dd-two dd-name" title="{0}"><b>{0}</b><small>{1}</small></span>',
        task.task_name.partition(APART)[0],
        _("group of %(tasks)s") % {"tasks": number},
    )


def _state(task: TrainingTask) -> SafeString:
    return format_html('<span class="dd-states">{} {}</span>', badge.status_badge(task), badge.notes(task))


def _group_state(task: TrainingTask, group: Group) -> SafeString:
    there = [status for status in TaskStatus if group[status.value]]
    badges = [(badge.badge(status, f"{status.label} {group[status.value]}"),) for status in there]
    return format_html('<span class="dd-states">{}</span>', format_html_join(" ", "{}", badges))


def _advance(task: TrainingTask) -> SafeString:
    doing = badge.doing(task) if task.status == TaskStatus.RUNNING else ""
    epochs = " · ".join(part for part in (f"{task.current_epoch} / {task.total_epochs}", doing) if part)
    bar = '<span class="dd-two">{}<small class="dd-figure">{}</small></span>'
    return format_html(bar, badge.progress_bar(task), epochs)


def _group_advance(task: TrainingTask, group: Group) -> SafeString:
    done = round(group["done"] or 0)
    return format_html(
        '<span class="dd-two"><span class="dd-bar dd-default"><progress max="100" value="{0}" aria-label="{1}">'
        "</progress><b>{0}&nbsp;%</b></span><small>{2}</small></span>",
        done,
        _("progress"),
        _("mean of the group"),
    )


def _pair(task: TrainingTask) -> SafeString:
    teacher = task.teacher_model if task.training_mode != "direct" else ""
    return _teaches(teacher or str(words.VALUES["direct"]), task.student_model)


def _group_pair(task: TrainingTask, group: Group) -> SafeString:
    if group["students"] < 2:
        return _pair(task)
    teacher = task.teacher_model if task.training_mode != "direct" else ""
    return _teaches(teacher or str(words.VALUES["direct"]), _("%(n)s students") % {"n": group["students"]})


def _teaches(teacher: str, student: str) -> SafeString:
    return format_html(
        '<span class="dd-two dd-pair" title="{0} → {1}"><span>{0}</span><small>→ <b>{1}</b></small></span>',
        teacher,
        student,
    )


def _data(task: TrainingTask) -> SafeString:
    return _cut(task.dataset_name or task.dataset_id or figures.DASH)


def _group_data(task: TrainingTask, group: Group) -> SafeString:
    return _data(task) if group["datasets"] < 2 else _cut(_("%(n)s data sets") % {"n": group["datasets"]})


def _cut(text: str) -> SafeString:
    return format_html('<span class="dd-cut" title="{0}">{0}</span>', text)


def _best(task: TrainingTask) -> SafeString:
    """The metric by its name, the best figure and the last one."""
    last = _("last %(value)s") % {"value": figures.percent(task.accuracy)} if task.accuracy is not None else ""
    return _figure_with(figures.percent(task.best_accuracy), " · ".join(filter(None, (metric(task), last))))


def _group_best(task: TrainingTask, group: Group) -> SafeString:
    of = _("%(metric)s, best of %(n)s") % {"metric": metric(task), "n": group["n"]}
    return _figure_with(figures.percent(group["best"]), of)


def _figure_with(figure: str, note: str) -> SafeString:
    two = '<span class="dd-two dd-right"><span class="dd-figure dd-strong">{}</span><small class="dd-figure">{}</small>'
    return format_html(two + "</span>", figure, note)


def _took(task: TrainingTask) -> SafeString:
    """Of the run; so far where it has not ended. A sample does not run, whatever its status says."""
    if task.status == TaskStatus.RUNNING and task.start_time and task.executor != Executor.SAMPLE:
        so_far = (timezone.now() - task.start_time).total_seconds()
        return _figure_with(figures.duration(so_far), _("so far"))
    return _right(figures.duration(task.duration))


def _group_took(task: TrainingTask, group: Group) -> SafeString:
    return _figure_with(figures.duration(group["seconds"]), _("together"))


def _right(text: str) -> SafeString:
    return format_html('<span class="dd-right dd-figure">{}</span>', text)


def _made(task: TrainingTask) -> SafeString:
    return format_html(
        '<span class="dd-two dd-made"><span title="{0}">{0}</span><small title="{2}">{1}</small></span>',
        task.create_by or figures.DASH,
        figures.ago(task.create_time),
        figures.moment(task.create_time),
    )


def _kind(task: TrainingTask) -> str:
    stated = task.config.get("taskType")
    return words.value_word(stated if isinstance(stated, str) and stated else type_of_name(task.student_model))


def _ended(task: TrainingTask) -> SafeString:
    at = task.end_time
    return format_html('<span class="dd-figure" title="{}">{}</span>', figures.moment(at), figures.ago(at))


COLUMNS: dict[str, Column] = {
    "task": Column(gettext_lazy("Task"), _task, "task", _group_task),
    "state": Column(gettext_lazy("Status"), _state, "state", _group_state),
    "advance": Column(gettext_lazy("Progress"), _advance, "advance", _group_advance),
    "pair": Column(gettext_lazy("Teacher → student"), _pair, "pair", _group_pair),
    "data": Column(gettext_lazy("Data set"), _data, "data", _group_data),
    "best": Column(gettext_lazy("Best"), _best, "best", _group_best, right=True),
    "took": Column(gettext_lazy("Duration"), _took, "took", _group_took, right=True),
    "made": Column(gettext_lazy("Created"), _made, "made"),
    "last": Column(gettext_lazy("Last metric"), lambda task: _right(figures.percent(task.accuracy)), "last",
                   lambda task, group: _right(figures.DASH), right=True),
    "loss": Column(gettext_lazy("Loss"), lambda task: _right(figures.loss(task.loss)), "loss",
                   lambda task, group: _right(figures.DASH), right=True),
    "kind": Column(gettext_lazy("Task type"), _kind, ""),
    "mode": Column(gettext_lazy("Training mode"), lambda task: words.value_word(task.training_mode), ""),
    "ended": Column(gettext_lazy("Ended"), _ended, "ended", lambda task, group: figures.DASH),
    "priority": Column(gettext_lazy("Priority"), lambda task: _right(str(task.priority)), "priority", right=True),
    "seen": Column(gettext_lazy("Visibility"), lambda task: visibility_chip(task.visibility), ""),
}  # fmt: skip
"""Every column that can be chosen, in the order in which they stand; the first is always there."""

USUAL = ("task", "state", "advance", "pair", "data", "best", "took", "made")


def chosen(kept: str) -> list[str]:
    """The columns of a stored choice, in the order of the table; the usual ones where nothing is chosen."""
    wanted = {"task", *kept.split(",")} if kept else set(USUAL)
    return [name for name in COLUMNS if name in wanted]
