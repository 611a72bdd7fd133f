"""What people can ask of a task in the console: one table for object buttons and bulk actions.

Every verb goes through the same functions as REST; nothing here decides whether it is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from distillation.admin.access import held
from distillation.jobs import control
from distillation.models import Executor, TaskStatus, TrainingTask
from distillation.services.ownership import take_over

CHANGE, ADMINISTER = "change", "administer"
"""What a verb needs: to be allowed to change the task, to be an administrator."""


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb with its words."""

    name: str
    label: str | Promise
    done: str | Promise
    """The message afterwards; ``{task}`` is the task's id."""
    run: Callable[[TrainingTask, str], object]
    permission: str = CHANGE
    icon: str = ""
    look: str = "plain"
    question: str | Promise = ""
    """Asked before, in words, where something is interrupted or hidden."""
    bulk_label: str | Promise = ""


def _fresh(task: TrainingTask, actor: str) -> None:
    control.start(task, actor, fresh=True)


VERBS: dict[str, Verb] = {
    verb.name: verb
    for verb in (
        Verb("start", _("Start"), _("{task} is in the queue."), control.start, icon="play_arrow", look="main",
             bulk_label=_("Start the ticked tasks")),
        Verb("resume", _("Resume"), _("{task} is in the queue and will continue."), control.resume,
             icon="resume", look="main", bulk_label=_("Resume the ticked tasks")),
        Verb("pause", _("Pause"), _("{task} pauses at its next checkpoint."), control.pause, icon="pause",
             bulk_label=_("Pause the ticked tasks")),
        Verb("stop", _("Stop"), _("{task} stops; what it has learned is kept."), control.stop, icon="stop",
             question=_("Stop {task} now? It keeps its last checkpoint and can be continued."),
             bulk_label=_("Stop the ticked tasks")),
        Verb("fresh", _("Start afresh"), _("{task} is in the queue and begins from the first epoch."), _fresh,
             icon="restart_alt",
             question=_("Start {task} from the first epoch? What it has learned so far is thrown away.")),
        Verb("delete", _("Delete"), _("{task} is deleted; it can be restored."), control.delete,
             icon="delete", look="danger",
             question=_("Delete {task}? It disappears from all lists, a running one is stopped; it can be restored."),
             bulk_label=_("Delete the ticked tasks")),
        Verb("restore", _("Restore"), _("{task} is back."), control.restore, icon="restore_from_trash", look="main",
             bulk_label=_("Restore the ticked tasks")),
        Verb("take_over", _("Take over"), _("{task} is yours now."), take_over, ADMINISTER, icon="person_add",
             question=_("Take over {task}? It has no owner; you become its owner.")),
    )
}  # fmt: skip
"""In the order in which pages show them."""


def possible(verb: str, task: TrainingTask) -> bool:
    """Whether the button is shown for the task as it was read."""
    if verb == "take_over":
        return not task.create_by
    if verb == "restore":
        return task.del_flag == 1
    if verb == "fresh":
        return control.may("start", task) and task.executor == Executor.PLATFORM and task.attempt > 0
    if verb == "start" and task.status == TaskStatus.PAUSED:
        return False  # "Resume" is the word for the same
    return control.may(verb, task)


def allowed(verb: str, task: TrainingTask, request: HttpRequest) -> bool:
    """Whether the person has the right, whatever state the task is in."""
    rights = held(request)
    return rights.administers if VERBS[verb].permission == ADMINISTER else rights.may_change(task.create_by)


def buttons(task: TrainingTask, request: HttpRequest) -> list[dict[str, object]]:
    """What the page offers now: the verbs, and where the task's values are filled in to be changed or copied."""
    offered: list[dict[str, object]] = [
        {
            "name": verb.name,
            "label": _start_label(task) if verb.name == "start" else verb.label,
            "icon": verb.icon,
            "look": verb.look,
            "question": _question(verb, task),
        }
        for verb in VERBS.values()
        if possible(verb.name, task) and allowed(verb.name, task, request)
    ]
    place = next((place for place, button in enumerate(offered) if button["look"] == "danger"), len(offered))
    return [*offered[:place], *_pages(task, request), *offered[place:]]


def editable(task: TrainingTask) -> bool:
    """Whether its settings can still be changed: only before the start; a sample is cloned instead."""
    return task.status == TaskStatus.PENDING and not task.del_flag and task.executor != Executor.SAMPLE


def _pages(task: TrainingTask, request: HttpRequest) -> list[dict[str, object]]:
    rights = held(request)
    pages = {
        "edit": (gettext("Edit"), "edit", editable(task) and rights.may_change(task.create_by)),
        "clone": (gettext("Clone"), "content_copy", rights.may_create),
    }
    return [
        {"name": name, "label": label, "icon": icon, "look": "plain",
         "url": reverse(f"admin:distillation_trainingtask_{name}", args=[task.pk])}
        for name, (label, icon, offered) in pages.items()
        if offered
    ]  # fmt: skip


def _question(verb: Verb, task: TrainingTask) -> str:
    if verb.name == "stop" and not task.attempt:
        return gettext("Stop {task} now? It has not run yet and leaves the queue.").format(task=task.task_id)
    return str(verb.question).format(task=task.task_id) if verb.question else ""


def _start_label(task: TrainingTask) -> str:
    return gettext("Continue") if task.attempt else gettext("Start")
