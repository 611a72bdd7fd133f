"""What people do with a task; REST and admin call these, with the same rules and the same sentences."""

from __future__ import annotations

from distillation import lifecycle
from distillation.contract.sentence import Refused
from distillation.models import TrainingTask
from distillation.services.validation import start_problems


def may(verb: str, task: TrainingTask) -> bool:
    """Whether the state of the task as it was read allows the verb (for buttons)."""
    return lifecycle.may(verb, task)


def start(task: TrainingTask, actor: str, *, fresh: bool = False) -> None:
    """Queue the task. Raises Refused when the move is not allowed or something that it needs is missing."""
    if lifecycle.may("start", task):
        problems = start_problems(task)
        if problems:
            raise Refused(problems[0].sentence)
    lifecycle.start(task, actor, fresh=fresh)


def resume(task: TrainingTask, actor: str) -> None:
    """Queue a paused task. Raises Refused."""
    lifecycle.resume(task, actor)


def pause(task: TrainingTask, actor: str) -> None:
    """Pause at the next checkpoint. Raises Refused."""
    lifecycle.pause(task, actor)


def stop(task: TrainingTask, actor: str) -> None:
    """Stop at the next checkpoint. Raises Refused."""
    lifecycle.stop(task, actor)


def delete(task: TrainingTask, actor: str) -> None:
    """Hide the task and stop its run. Raises Refused."""
    lifecycle.delete(task, actor)


def restore(task: TrainingTask, actor: str) -> None:
    """Bring a deleted task back. Raises Refused."""
    lifecycle.restore(task, actor)
