"""What has happened to a task, as rows: its epochs, and who did what."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from distillation.admin import badge, figures
from distillation.contract.cache_keys import ADAPTERS, PICTURES, TEACHER
from distillation.models import TaskStatus, TaskTransition, TrainingHistory, TrainingTask
from distillation.models.sentences import shown
from distillation.services import cache_references
from distillation.storage.local import run_dir

HISTORY_ROWS = 100
TRANSITION_ROWS = 100

Rows = list[tuple[str, Any]]


def history(task: TrainingTask) -> dict[str, Any]:
    """The newest rows of both tables, with how many there are."""
    epochs = list(task.history.order_by("-epoch", "-id")[:HISTORY_ROWS])
    moves = list(task.transitions.order_by("-id")[:TRANSITION_ROWS])
    return {
        "facts": facts(task),
        "history": [_epoch(record) for record in epochs],
        "history_total": task.history.count() if len(epochs) == HISTORY_ROWS else len(epochs),
        "transitions": [_transition(row) for row in moves],
        "transitions_total": task.transitions.count() if len(moves) == TRANSITION_ROWS else len(moves),
        "moves": [{"time": row.at.timestamp(), "status": row.to_status} for row in reversed(moves) if _moved(row)],
    }


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


def _epoch(record: TrainingHistory) -> list[str]:
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


def _moved(row: TaskTransition) -> bool:
    return row.from_status != row.to_status


def _transition(row: TaskTransition) -> dict[str, Any]:
    return {
        "at": figures.moment(row.at),
        "ago": figures.ago(row.at),
        "actor": row.actor,
        "before": TaskStatus(row.from_status).label if row.from_status in TaskStatus.values else row.from_status,
        "after": badge.badge(TaskStatus(row.to_status)) if row.to_status in TaskStatus.values else row.to_status,
        "moved": _moved(row),
        "reason": shown(row.reason),
    }
