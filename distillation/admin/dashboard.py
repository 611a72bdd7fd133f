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
from distillation.admin.access import held
from distillation.models import Executor, TaskStatus, TaskTransition, TrainingTask
from distillation.models.choices import ACTIVE
from distillation.models.sentences import shown
from distillation.selectors import Rights

ROWS = 8


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the front page's figures to unfold's context."""
    context["title"] = _("Overview")
    rights = held(request)
    if not rights.has_role:
        return {**context, "may_view": False}
    counts = selectors.status_counts(rights)
    real = selectors.tasks_seen_by(rights).exclude(executor=Executor.SAMPLE)
    return {
        **context,
        "may_view": True,
        "may_add": rights.may_create,
        "counts": _counts(counts),
        "empty": not sum(counts.values()),
        "silence": _silence(counts),
        "running": [_running(task) for task in real.filter(status=TaskStatus.RUNNING)[:ROWS]],
        "queue": [_queued(task, place) for place, task in _queue(rights)],
        "failed": [_failed(task) for task in real.filter(status=TaskStatus.FAILED).order_by("-end_time", "-id")[:ROWS]],
        "recent": [_event(row) for row in _events(rights)],
        "list_url": reverse("admin:distillation_trainingtask_changelist"),
    }


def _counts(counts: dict[str, int]) -> list[dict[str, Any]]:
    base = reverse("admin:distillation_trainingtask_changelist")
    return [
        {
            "badge": badge.badge(status),
            "count": figures.count(counts[status.value]),
            "url": f"{base}?status={status.value}&runs=real",
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


def _queue(seen_by: Rights) -> list[tuple[int, TrainingTask]]:
    """The first tasks of the queue that the person may see, each with its place among all."""
    places = {pk: place for place, pk in enumerate(TrainingTask.objects.queued().values_list("pk", flat=True), 1)}
    return [
        (places[task.pk], task)
        for task in selectors.visible(TrainingTask.objects.queued(), seen_by)[:ROWS]
        if task.pk in places
    ]


def _queued(task: TrainingTask, place: int) -> dict[str, Any]:
    return {**_named(task), "place": place, "since": figures.ago(task.queued_at), "priority": task.priority}


def _failed(task: TrainingTask) -> dict[str, Any]:
    return {
        **_named(task),
        "reason": shown(task.error_detail) or task.error_message or "–",
        "ended": figures.ago(task.end_time),
    }


def _events(seen_by: Rights) -> list[TaskTransition]:
    real = TaskTransition.objects.exclude(task__executor=Executor.SAMPLE).filter(task__del_flag=0)
    if not seen_by.administers:
        real = real.filter(task__in=selectors.visible(TrainingTask.objects.alive(), seen_by))
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
