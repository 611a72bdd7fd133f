"""The front page: is everything going well? Real numbers only; samples are not counted."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from distillation import selectors
from distillation.admin import activity, badge, figures, hosts, verbs, words
from distillation.admin.access import held
from distillation.admin.metric_names import metric, metric_of_type
from distillation.models import TaskStatus, TrainingTask, Worker
from distillation.models.choices import ACTIVE
from distillation.models.sentences import shown, translate
from distillation.selectors import Rights, overview
from distillation.selectors.overview import Counts
from distillation.services import datasets

ROWS = 8
_SHOWN = (TaskStatus.RUNNING, TaskStatus.QUEUED, TaskStatus.COMPLETED, TaskStatus.FAILED,
          TaskStatus.PAUSED, TaskStatus.STOPPED, TaskStatus.PENDING)  # fmt: skip


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the front page's figures to unfold's context."""
    return {**context, "title": _("Overview"), **live(request)}


def live(request: HttpRequest) -> dict[str, Any]:
    """What the page shows, and shows again every few seconds; ten queries."""
    rights = held(request)
    if not rights.has_role:
        return {"may_view": False}
    counts, workers = overview.counts(rights), overview.workers()
    empty = not sum(counts.by_status.values())
    return {
        "may_view": True,
        "may_add": rights.may_create,
        "counts": _counts(counts),
        "best": _best(rights),
        "empty": empty,
        "has_data": empty and datasets.any_seen(rights),
        "silence": _silence(counts.by_status, workers),
        "running": [_running(task, request) for task in overview.running(rights, ROWS)],
        "running_more": max(counts.by_status[TaskStatus.RUNNING] - ROWS, 0),
        "queue": _queue(rights, workers),
        "queue_more": max(counts.by_status[TaskStatus.QUEUED] - ROWS, 0),
        "failed": [_failed(task, request) for task in overview.failed(rights, ROWS)],
        "failed_url": _list_url(status=TaskStatus.FAILED, o="-ended"),
        "recent": activity.recent(rights, ROWS),
        "hosts": hosts.rows(workers),
        "disk": hosts.disk(),
        "list_url": reverse("admin:distillation_trainingtask_changelist"),
        "as_of": timezone.localtime().strftime("%H:%M:%S"),
    }


def _list_url(**asked: str) -> str:
    query = urlencode({**asked, "runs": "real"})
    return f"{reverse('admin:distillation_trainingtask_changelist')}?{query}"


def _counts(counts: Counts) -> list[dict[str, Any]]:
    return [
        {
            "badge": badge.badge(status),
            "count": figures.count(counts.by_status[status]),
            "lately": _lately(counts.lately.get(status, 0)) if status in overview.ENDED else "",
            "url": _list_url(status=status.value),
        }
        for status in _SHOWN
    ]


def _lately(number: int) -> str:
    return _("%(days)s d: +%(n)s") % {"days": overview.DAYS, "n": figures.count(number)}


def _best(rights: Rights) -> dict[str, Any]:
    """The best of each type; types are not compared with one another, since their metrics differ."""
    found, at = overview.best(rights)
    types = [
        {
            "type": words.value_word(best.task_type),
            "metric": metric_of_type(best.task_type),
            "value": figures.percent(best.accuracy),
            "of": ngettext("best of %(n)s completed task", "best of %(n)s completed tasks", best.completed)
            % {"n": figures.count(best.completed)},
            "url": _list_url(type=best.task_type, status=TaskStatus.COMPLETED, o="-best"),
        }
        for best in found
    ]
    return {"types": types, "as_of": hosts.clock(at)}


def _silence(by_status: dict[str, int], workers: list[Worker]) -> str:
    """Why nothing would run, when no worker lives."""
    worker = workers[0] if workers else None
    if worker is not None and worker.seen_at >= timezone.now() - selectors.WORKER_SILENCE:
        return ""
    waiting = sum(by_status[status] for status in ACTIVE)
    since = (
        _("No worker has been seen for %(time)s.") % {"time": figures.duration(_seconds_since(worker.seen_at))}
        if worker is not None
        else _("No worker is running.")
    )
    wait = _waiting(waiting) if waiting else _("No task can run.")
    return f"{since} {wait} " + _("Start one: manage.py run_worker, or make run for everything.")


def _waiting(number: int) -> str:
    return ngettext(
        "%(n)s queued or running task waits for one.", "%(n)s queued or running tasks wait for one.", number
    ) % {"n": number}


def _seconds_since(at: Any) -> float:
    return (timezone.now() - at).total_seconds()


def _running(task: TrainingTask, request: HttpRequest) -> dict[str, Any]:
    return {
        **_named(task),
        "badge": badge.status_badge(task),
        "notes": badge.notes(task),
        "bar": badge.progress_bar(task),
        "phase": badge.doing(task),
        "remaining": figures.duration(task.estimated_time),
        "metric": metric(task),
        "accuracy": figures.percent(task.accuracy),
        "best": figures.percent(task.best_accuracy) if task.best_accuracy is not None else "",
        "stop": _button("stop", task, request),
    }


def _queue(rights: Rights, workers: list[Worker]) -> list[dict[str, Any]]:
    seen_at = workers[0].seen_at if workers else None
    return [
        {
            **_named(task),
            "place": place,
            "since": figures.ago(task.queued_at),
            "priority": task.priority,
            "reason": translate(selectors.Wait(place, seen_at).reason),
        }
        for place, task in overview.queued(rights, ROWS)
    ]


def _failed(task: TrainingTask, request: HttpRequest) -> dict[str, Any]:
    return {
        **_named(task),
        "reason": shown(task.error_detail) or task.error_message or figures.DASH,
        "ended": figures.ago(task.end_time),
        "at": figures.moment(task.end_time),
        "resume": _button("start", task, request),
    }


def _button(verb: str, task: TrainingTask, request: HttpRequest) -> dict[str, Any] | None:
    """What the row needs for the verb; None where the person may not, or the task cannot."""
    if not (verbs.possible(verb, task) and verbs.allowed(verb, task, request)):
        return None
    return {
        "url": reverse("admin:distillation_trainingtask_do", args=[task.pk, verb]),
        "question": str(verbs.VERBS[verb].question).format(task=task.task_name),
        "id": f"{verb}-{task.pk}",
    }


def _named(task: TrainingTask) -> dict[str, Any]:
    return {
        "pk": task.pk,
        "name": task.task_name,
        "task_id": task.task_id,
        "url": reverse("admin:distillation_trainingtask_change", args=[task.pk]),
        "teacher": task.teacher_model if task.training_mode != "direct" else _("Direct training"),
        "student": task.student_model,
    }
