"""What people do with a task; REST and admin call these, with the same rules and the same sentences."""

from __future__ import annotations

from distillation import lifecycle
from distillation.contract.sentence import Refused
from distillation.models import TrainingTask
from distillation.services.audit import audited
from distillation.services.surroundings import Surroundings
from distillation.services.validation import start_problems


def may(verb: str, task: TrainingTask) -> bool:
    """Whether the state of the task as it was read allows the verb (for buttons)."""
    return lifecycle.may(verb, task)


def start(task: TrainingTask, actor: str, *, fresh: bool = False, around: Surroundings | None = None) -> None:
    """Queue the task. Raises Refused when the move is not allowed or something that it needs is missing.

    ``around`` are the owner's, when several tasks are started at once.
    """
    if lifecycle.may("start", task):
        problems = start_problems(task, around)
        if problems:
            raise Refused(problems[0].sentence)
    with audited("start", task, actor):
        lifecycle.start(task, actor, fresh=fresh)


def resume(task: TrainingTask, actor: str) -> None:
    """Queue a paused task. Raises Refused."""
    with audited("resume", task, actor):
        lifecycle.resume(task, actor)


def pause(task: TrainingTask, actor: str) -> None:
    """Pause at the next checkpoint. Raises Refused."""
    with audited("pause", task, actor):
        lifecycle.pause(task, actor)


def stop(task: TrainingTask, actor: str) -> None:
    """Stop at the next checkpoint. Raises Refused."""
    with audited("stop", task, actor):
        lifecycle.stop(task, actor)


def delete(task: TrainingTask, actor: str) -> None:
    """Hide the task and stop its run. Raises Refused."""
    with audited("delete", task, actor):
        lifecycle.delete(task, actor)


def restore(task: TrainingTask, actor: str) -> None:
    """Bring a deleted task back. Raises Refused."""
    with audited("restore", task, actor):
        lifecycle.restore(task, actor)
