"""The front page: is everything going well? Real numbers only; samples are not counted."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from distillation import selectors
from distillation.admin import badge, figures
from distillation.models import Executor, TaskStatus, TaskTransition, TrainingTask
from distillation.models.choices import ACTIVE
from distillation.models.sentences import shown

ROWS = 8


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the front page's figures to unfold's context."""
    context["title"] = _("Overview")
    if not request.user.has_perm("distillation.view_trainingtask"):
        return {**context, "may_view": False}
    counts = selectors.status_counts()
    real = selectors.visible_tasks(request.user).exclude(executor=Executor.SAMPLE)
    return {
        **context,
        "may_view": True,
        "may_add": request.user.has_perm("distillation.add_trainingtask"),
        "counts": _counts(counts),
        "empty": not sum(counts.values()),
        "silence": _silence(counts),
        "running": [_running(task) for task in real.filter(status=TaskStatus.RUNNING)[:ROWS]],
        "queue": [_queued(task) for task in TrainingTask.objects.queued()[:ROWS]],
        "failed": [_failed(task) for task in real.filter(status=TaskStatus.FAILED).order_by("-end_time", "-id")[:ROWS]],
        "recent": [_event(row) for row in _events()],
        "list_url": reverse("admin:distillation_trainingtask_changelist"),
    }


def _counts(counts: dict[str, int]) -> list[dict[str, Any]]:
    base = reverse("admin:distillation_trainingtask_changelist")
    return [
        {
            "badge": badge.badge(status),
            "count": figures.count(counts[status.value]),
            "url": f"{base}?status__exact={status.value}&runs=real",
        }
        for status in (TaskStatus.RUNNING, TaskStatus.QUEUED, TaskStatus.COMPLETED, TaskStatus.FAILED,
                       TaskStatus.PAUSED, TaskStatus.STOPPED, TaskStatus.PENDING)
    ]  # fmt: skip


def _silence(counts: dict[str, int]) -> str:
    """Why nothing would run, when no worker lives."""
    worker = selectors.newest_worker()
    if worker is not None and worker.seen_at >= timezone.now() - selectors.WORKER_SILENCE:
        return ""
    waiting = sum(counts[status] for status in ACTIVE)
    since = (
        _("No worker has been seen for %(time)s.") % {"time": figures.duration(_seconds_since(worker.seen_at))}
        if worker is not None
        else _("No worker has ever been seen.")
    )
    wait = _waiting(waiting) if waiting else _("No task can run.")
    return f"{since} {wait} " + _("Start one: manage.py run_worker, or make run for everything.")


def _waiting(number: int) -> str:
    return ngettext(
        "%(n)s queued or running task waits for one.", "%(n)s queued or running tasks wait for one.", number
    ) % {"n": number}


def _seconds_since(at: Any) -> float:
    return (timezone.now() - at).total_seconds()


def _running(task: TrainingTask) -> dict[str, Any]:
    return {
        **_named(task),
        "badge": badge.status_badge(task),
        "notes": badge.notes(task),
        "bar": badge.progress_bar(task),
        "phase": badge.doing(task),
        "remaining": figures.duration(task.estimated_time),
        "accuracy": figures.percent(task.accuracy),
        "best": figures.percent(task.best_accuracy) if task.best_accuracy is not None else "",
    }


def _queued(task: TrainingTask) -> dict[str, Any]:
    return {**_named(task), "since": figures.ago(task.queued_at), "priority": task.priority}


def _failed(task: TrainingTask) -> dict[str, Any]:
    return {
        **_named(task),
        "reason": shown(task.error_detail) or task.error_message or "–",
        "ended": figures.ago(task.end_time),
    }


def _events() -> list[TaskTransition]:
    real = TaskTransition.objects.exclude(task__executor=Executor.SAMPLE).filter(task__del_flag=0)
    return list(real.select_related("task").order_by("-id")[:ROWS])


def _event(row: TaskTransition) -> dict[str, Any]:
    return {
        **_named(row.task),
        "badge": badge.badge(TaskStatus(row.to_status)),
        "reason": shown(row.reason),
        "actor": row.actor,
        "when": figures.ago(row.at),
        "at": figures.moment(row.at),
    }


def _named(task: TrainingTask) -> dict[str, Any]:
    return {
        "name": task.task_name,
        "task_id": task.task_id,
        "url": reverse("admin:distillation_trainingtask_change", args=[task.pk]),
        "teacher": task.teacher_model if task.training_mode != "direct" else _("Direct training"),
        "student": task.student_model,
    }
