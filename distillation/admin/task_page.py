"""What the page of one task shows, and the figures that it refreshes in place while the task runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from distillation import selectors
from distillation.admin import badge, figures, model_uses, report, task_files, verbs, words
from distillation.admin.access import held
from distillation.admin.metric_names import metric
from distillation.admin.visibility import visibility_word
from distillation.contract.cache_keys import ADAPTERS, PICTURES, TEACHER
from distillation.contract.options import GROUPS, OPTIONS
from distillation.contract.sentence import Problem
from distillation.models import Executor, TaskStatus, TrainingTask
from distillation.models.choices import ACTIVE
from distillation.models.sentences import shown, translate
from distillation.services import cache_references, validation
from distillation.services.flat import flat
from distillation.storage.local import run_dir

HISTORY_ROWS = 100
TRANSITION_ROWS = 100

Rows = list[tuple[str, Any]]


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
    history = list(task.history.order_by("-epoch", "-id")[:HISTORY_ROWS])
    transitions = list(task.transitions.order_by("-id")[:TRANSITION_ROWS])
    return {
        **head(task, request),
        "live": _is_live(task),
        "figures": live_figures(task),
        "metric": metric(task),
        "progress": badge.progress_bar(task),
        "waiting": _waiting(task),
        "error": shown(task.error_detail) or task.error_message,
        "unusable": _said(selectors.usable(task)) if task.status == TaskStatus.COMPLETED else "",
        "newest": newest,
        "levels": _levels(newest),
        **_left_on_disk(task, request),
        "older": [report.read(evaluation) for evaluation in evaluations[1:]],
        "configuration": list(_configuration(task)),
        "facts": facts(task),
        "history": [_epoch(record) for record in history],
        "history_total": task.history.count() if len(history) == HISTORY_ROWS else len(history),
        "transitions": [_transition(row) for row in transitions],
        "transitions_total": task.transitions.count() if len(transitions) == TRANSITION_ROWS else len(transitions),
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
        "best_epoch": _("at epoch %(epoch)s") % {"epoch": task.best_epoch} if task.best_epoch is not None else "",
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
        "live": _is_live(task),
        "waiting": _waiting(task),
        "figures": live_figures(task),
    }


def version(task: TrainingTask) -> str:
    """Differs whenever buttons, badge or sections of the page would."""
    lost = bool(task.lost_contact_at)
    return f"{task.status}:{task.intent or ''}:{task.attempt}:{task.del_flag}:{lost}:{task.model_path or ''}"


def facts(task: TrainingTask) -> Rows:
    """The run: who, where, when."""
    rows: Rows = [
        (_("Attempts"), figures.count(task.attempt) if task.attempt else figures.DASH),
        (_("Lost attempts"), figures.count(task.lost_count) if task.lost_count else ""),
        (_("Worker"), task.lease_owner or figures.DASH),
        (_("Device"), task.device or figures.DASH),
        (_("Queued at"), figures.moment(task.queued_at)),
        (_("Started at"), figures.moment(task.start_time)),
        (_("Ended at"), figures.moment(task.end_time)),
        (_("Duration"), figures.duration(task.duration)),
        (_("Trained samples"), figures.count(task.trained_samples)),
        (_("Model"), task.model_path or figures.DASH),
        (_("Model checksum"), task.model_sha256 or ""),
        (_("Checkpoint"), task.checkpoint_path or ""),
        *_cached(task),
        (_("Last contact lost"), figures.moment(task.lost_contact_at) if task.lost_contact_at else ""),
    ]
    return [(label, value) for label, value in rows if value != ""]


def _left_on_disk(task: TrainingTask, request: HttpRequest) -> dict[str, Any]:
    """Files and pictures of a finished run, for those who may use its model; pictures show the data."""
    if task.status != TaskStatus.COMPLETED or not held(request).may_use_models:
        return {}
    return {"files": task_files.files(task), "examples": task_files.examples(task)}


def _cached(task: TrainingTask) -> Rows:
    """What the run has opened in the cache."""
    words = {
        PICTURES: _("Prepared pictures"),
        TEACHER: _("Answers of the teacher"),
        ADAPTERS: _("Adapter of the teacher"),
    }
    return [
        (words[row["kind"]], _("made, %(size)s") % size if row["made"] else _("found in the cache, %(size)s") % size)
        for row in cache_references.opened(run_dir(task.task_id))
        if row["kind"] in words
        for size in ({"size": figures.size(row["bytes"])},)
    ]


def _is_live(task: TrainingTask) -> bool:
    return task.status in ACTIVE and task.executor != Executor.SAMPLE


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


def _configuration(task: TrainingTask) -> Iterable[tuple[str, Rows]]:
    """The settings by group; in direct training without what only a teacher needs, and LoRA only where it is used."""
    values = flat(task)
    direct = task.training_mode == "direct"
    for key, title in GROUPS.items():
        if key == "lora" and direct and values.get("loraTarget", "none") == "none":
            continue
        rows: Rows = [
            (_(option.label), words.setting(values[option.name]))
            for option in OPTIONS
            if option.group == key and option.name in values and (option.direct or not direct)
        ]
        if rows:
            yield _(title), rows


def _epoch(record: Any) -> list[str]:
    return [
        str(record.epoch),
        figures.loss(record.train_loss),
        figures.loss(record.val_loss),
        figures.loss(record.soft_loss),
        figures.loss(record.hard_loss),
        figures.percent(record.train_accuracy),
        figures.percent(record.val_accuracy),
        f"{record.epoch_time:,.1f} s" if record.epoch_time is not None else figures.DASH,
        f"{record.memory_usage:,.0f} MB" if record.memory_usage is not None else figures.DASH,
        figures.percent(record.gpu_usage, 0),
        figures.moment(record.record_time),
    ]


def _transition(row: Any) -> dict[str, Any]:
    return {
        "at": figures.moment(row.at),
        "ago": figures.ago(row.at),
        "actor": row.actor,
        "before": TaskStatus(row.from_status).label if row.from_status in TaskStatus.values else row.from_status,
        "after": badge.badge(TaskStatus(row.to_status)) if row.to_status in TaskStatus.values else row.to_status,
        "moved": row.from_status != row.to_status,
        "reason": shown(row.reason),
    }


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
