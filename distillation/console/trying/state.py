"""How far a trial is, in words: what the engine does, what is waited for, what went wrong."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from distillation import selectors
from distillation.admin import figures
from distillation.admin.badge import badge
from distillation.models import Intent, JobStatus, TaskStatus, Trial
from distillation.models.sentences import shown, translate

PHASES = {
    "": gettext_lazy("starting the engine"),
    "read": gettext_lazy("reading what you brought"),
    "load_student": gettext_lazy("loading the student"),
    "student": gettext_lazy("asking the student"),
    "load_teacher": gettext_lazy("loading the teacher"),
    "teacher": gettext_lazy("asking the teacher"),
}


def state(trial: Trial) -> dict[str, Any]:
    """For the page and for its script."""
    waits = selectors.trial_waits_for(trial)
    running = trial.status == JobStatus.RUNNING
    return {
        "active": running or trial.status == JobStatus.QUEUED,
        "status": trial.status,
        "badge": _badge(trial),
        "waiting": translate(waits) if waits else "",
        "phase": _phase(trial) if running else "",
        "done": trial.done if running else 0,
        "total": trial.total if running else 0,
        "read": trial.status != JobStatus.QUEUED and trial.phase not in ("", "read"),
        "elapsed": figures.duration(_seconds(trial)),
        "error": shown(trial.error_detail),
        "stopped": _("The trial was cancelled, or its page was closed before the end.")
        if trial.status == JobStatus.STOPPED
        else "",
    }


def _badge(trial: Trial) -> str:
    status = TaskStatus(trial.status)
    if status == TaskStatus.RUNNING and trial.intent:
        return badge(status, str(Intent(trial.intent).label), "warning", moving=True)
    return badge(status, moving=status == TaskStatus.RUNNING)


def _phase(trial: Trial) -> str:
    words = str(PHASES.get(trial.phase, trial.phase))
    if not trial.total:
        return words
    return _("%(phase)s: %(done)s of %(total)s") % {"phase": words, "done": trial.done, "total": trial.total}


def _seconds(trial: Trial) -> float | None:
    if trial.start_time is None:
        return None
    return ((trial.end_time or timezone.now()) - trial.start_time).total_seconds()
