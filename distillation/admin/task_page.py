"""What the page of one task shows, and the figures that it refreshes in place while the task runs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from distillation import selectors
from distillation.admin import (
    badge,
    figures,
    model_uses,
    report,
    task_files,
    task_follow,
    task_history,
    task_lineage,
    task_phases,
    task_settings,
    verbs,
)
from distillation.admin.access import held
from distillation.admin.metric_names import metric
from distillation.admin.visibility import visibility_word
from distillation.contract.options import OPTIONS
from distillation.contract.sentence import Problem
from distillation.models import Executor, LogLevel, TaskStatus, TrainingTask
from distillation.models.sentences import shown, translate
from distillation.services import validation
from distillation_site.plotly_files import PLOTLY


def head(task: TrainingTask, request: HttpRequest) -> dict[str, Any]:
    """Name, state and buttons: on the page of a task and above its form."""
    pending = task.status == TaskStatus.PENDING and held(request).may_change(task.create_by)
    return {
        "task": task,
        "badge": badge.status_badge(task),
        "notes": badge.notes(task),
        "buttons": verbs.buttons(task, request),
        "seen_by": visibility_word(task.visibility),
        "created_ago": figures.ago(task.create_time),
        "created": figures.moment(task.create_time),
        "lineage": task_lineage.lineage(task, request),
        "uses": model_uses.uses(task, request),
        "downloadable": held(request).may_use_models and selectors.usable(task) is None,
        # They name what the owner may see, and matter to those who can do something about them.
        "problems": _problems(validation.start_problems(task)) if pending else [],
        "ignored": _problems(validation.not_applied(task)) if pending else [],
    }


def page(task: TrainingTask, request: HttpRequest) -> dict[str, Any]:
    """The whole read-only page."""
    evaluations = list(task.evaluations.all()[:20])
    newest = report.read(evaluations[0]) if evaluations else None
    happened = task_history.history(task)
    return {
        **head(task, request),
        **happened,
        "version": version(task),
        "figures": live_figures(task),
        "metric": metric(task),
        "progress": badge.progress_bar(task),
        "phases": task_phases.strip(task),
        "waiting": _waiting(task),
        "error": shown(task.error_detail) or task.error_message,
        "unusable": _said(selectors.usable(task)) if task.status == TaskStatus.COMPLETED else "",
        "newest": newest,
        "levels": _levels(newest),
        **_left_on_disk(task, request),
        "older": [report.read(evaluation) for evaluation in evaluations[1:]],
        "settings": task_settings.settings(task, request),
        "following": task_follow.following(task, newest, happened["moves"]),
        "log_levels": [(level.name.lower(), level.label) for level in LogLevel],
        "plotly": PLOTLY,
    }


def live_figures(task: TrainingTask) -> dict[str, str]:
    """Every figure that changes while the task runs, as text by the name of its place on the page."""
    running = task.status == TaskStatus.RUNNING
    return {
        "progress": f"{task.progress}\xa0%",
        "epoch": _("epoch %(now)s of %(all)s") % {"now": task.current_epoch, "all": task.total_epochs},
        "phase": badge.doing(task) if running else "",
        "remaining": figures.duration(task.estimated_time) if running else figures.DASH,
        "elapsed": figures.duration(_elapsed(task)),
        "accuracy": figures.percent(task.accuracy),
        "best": figures.percent(task.best_accuracy),
        "best_epoch": _best_at(task),
        "loss": figures.loss(task.loss),
        "speed": figures.rate(task.samples_per_second, _("images/s")) if running else figures.DASH,
        "memory": f"{task.memory_used:.2f} GB" if task.memory_used is not None and running else figures.DASH,
        "as_of": _("as of %(time)s") % {"time": timezone.localtime().strftime("%H:%M:%S")},
    }


def live(task: TrainingTask) -> dict[str, Any]:
    """The small JSON view. A changed ``version`` tells the page that more than figures has changed."""
    return {
        "version": version(task),
        "epochs": task.current_epoch,
        "progress": task.progress,
        "live": task.status == TaskStatus.RUNNING and task.executor != Executor.SAMPLE,
        "waiting": _waiting(task),
        "phases": [{"name": step.name, "state": step.state, "note": step.note} for step in task_phases.strip(task)],
        "figures": live_figures(task),
    }


def version(task: TrainingTask) -> str:
    """Differs whenever buttons, badge or sections of the page would."""
    lost = bool(task.lost_contact_at)
    return f"{task.status}:{task.intent or ''}:{task.attempt}:{task.del_flag}:{lost}:{task.model_path or ''}"


def _left_on_disk(task: TrainingTask, request: HttpRequest) -> dict[str, Any]:
    """Files and pictures of a finished run, for those who may use its model; pictures show the data."""
    if task.status != TaskStatus.COMPLETED or not held(request).may_use_models:
        return {}
    return {"files": task_files.files(task), "examples": task_files.examples(task)}


def _best_at(task: TrainingTask) -> str:
    if task.best_epoch is None:
        return ""
    if task.best_step is None:
        return _("at epoch %(epoch)s") % {"epoch": task.best_epoch}
    numbers = {"epoch": task.best_epoch, "step": figures.count(task.best_step)}
    return _("at epoch %(epoch)s, step %(step)s") % numbers


def _elapsed(task: TrainingTask) -> float | None:
    if task.duration is not None:
        return task.duration
    if task.status == TaskStatus.RUNNING and task.start_time and task.executor != Executor.SAMPLE:
        return (timezone.now() - task.start_time).total_seconds()
    return None


def _levels(newest: report.Report | None) -> list[dict[str, str]]:
    """Teacher and control beside the student, with how far it stands from each."""
    if newest is None:
        return []
    pairs = [(_("Teacher level"), newest.teacher), (_("Control level"), newest.control)]
    return [
        {
            "label": label,
            "value": figures.percent(value),
            "note": _("student: %(points)s points") % {"points": figures.points(newest.student - value)}
            if newest.student is not None
            else "",
        }
        for label, value in pairs
        if value is not None
    ]


def _problems(problems: list[Problem]) -> list[dict[str, str]]:
    labels = {option.name: _(option.label) for option in OPTIONS}
    return [
        {"field": labels.get(problem.field, problem.field), "sentence": translate(problem.sentence)}
        for problem in problems
    ]


def _waiting(task: TrainingTask) -> str:
    """What a queued task waits for; a row that was queued by other hands has no place in the queue."""
    return _said(selectors.waiting_reason(task)) if task.queued_at else ""


def _said(sentence: Any) -> str:
    return translate(sentence) if sentence else ""
