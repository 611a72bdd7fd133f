"""A task's state as a word with a shape and a colour, and its progress as a bar."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from distillation.contract.arms import ARMS, kind_of, number_of
from distillation.models import Executor, Intent, TaskStatus, TrainingTask

_SHAPES = {
    TaskStatus.PENDING: '<circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" stroke-width="1.6"/>',
    TaskStatus.QUEUED: '<circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" stroke-width="1.6"/>'
    '<path d="M6 3.6V6l1.7 1.2" fill="none" stroke="currentColor" stroke-width="1.4"/>',
    TaskStatus.RUNNING: '<path d="M3.2 1.8 10 6l-6.8 4.2z" fill="currentColor"/>',
    TaskStatus.PAUSED: '<path d="M2.6 2h2.5v8H2.6zM6.9 2h2.5v8H6.9z" fill="currentColor"/>',
    TaskStatus.COMPLETED: '<path d="m1.8 6.4 2.9 2.9 5.6-6.2" fill="none" stroke="currentColor" stroke-width="1.9"/>',
    TaskStatus.FAILED: '<path d="m2.4 2.4 7.2 7.2m0-7.2-7.2 7.2" stroke="currentColor" stroke-width="1.9"/>',
    TaskStatus.STOPPED: '<path d="M2.2 2.2h7.6v7.6H2.2z" fill="currentColor"/>',
}
"""Drawn in a square of 12; so a state can be told without its colour."""

PHASES = {
    "prepare": gettext_lazy("preparing data"),
    "adapt": gettext_lazy("adapting the teacher"),
    "teacher": gettext_lazy("asking the teacher"),
    "student": gettext_lazy("training the student"),
    "control": gettext_lazy("training the control arm"),
    "evaluate": gettext_lazy("evaluating"),
    "export": gettext_lazy("exporting"),
}


@dataclass(frozen=True, slots=True)
class State:
    """What the badge says."""

    status: TaskStatus
    label: str
    tone: str
    moving: bool


def state(task: TrainingTask) -> State:
    """The status; for a running task that was asked to stop or pause, that it is doing so."""
    status = TaskStatus(task.status)
    if status == TaskStatus.RUNNING and task.intent:
        return State(status, str(Intent(task.intent).label), "warning", True)
    return State(status, str(status.label), status.tone, status == TaskStatus.RUNNING)


def status_badge(task: TrainingTask) -> SafeString:
    """The badge alone."""
    now = state(task)
    return badge(now.status, now.label, now.tone, moving=now.moving)


def badge(status: TaskStatus, label: str | None = None, tone: str | None = None, *, moving: bool = False) -> SafeString:
    """A badge for a status that need not be a task's."""
    return format_html(
        '<span class="dd-badge dd-{}{}" data-status="{}"><svg viewBox="0 0 12 12" aria-hidden="true">{}</svg>{}</span>',
        tone or status.tone,
        " dd-moving" if moving else "",
        status.value,
        mark_safe(_SHAPES[status]),  # noqa: S308 - constants of this module
        label or status.label,
    )


def notes(task: TrainingTask) -> SafeString:
    """What else is to be known about the state: sample, external, lost contact, deleted."""
    chips: list[tuple[str, str]] = []
    if task.executor == Executor.SAMPLE:
        chips.append(("sample", _("Sample")))
    if task.executor == Executor.EXTERNAL:
        chips.append(("plain", _("External script")))
    if task.lost_contact_at:
        chips.append(("danger", _("Lost contact")))
    if task.del_flag:
        chips.append(("danger", _("Deleted")))
    return format_html_join(" ", '<span class="dd-chip dd-chip-{}">{}</span>', chips)


def progress_bar(task: TrainingTask, *, figure: bool = True) -> SafeString:
    """A bar with its percentage."""
    value = min(max(task.progress or 0, 0), 100)
    return format_html(
        '<span class="dd-bar dd-{}"><progress max="100" value="{}" aria-label="{}"></progress>{}</span>',
        state(task).tone,
        value,
        _("progress"),
        format_html("<b>{}&nbsp;%</b>", value) if figure else "",
    )


def doing(task: TrainingTask) -> str:
    """The phase in words, where one is known."""
    now = task.phase or ""
    phase = PHASES.get(kind_of(now) if now in ARMS else now)
    if phase is None:
        return now
    if now in ARMS and number_of(now) > 1:
        return _("%(phase)s, seed no. %(number)s") % {"phase": phase, "number": number_of(now)}
    return str(phase)
