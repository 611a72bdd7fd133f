"""One verb on many tasks, each on its own: what one is refused for does not keep the others.

REST and the console use the same loop; who may do what with a row is asked row by row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError

from distillation.contract.limits import BULK_TASKS
from distillation.contract.option import Option
from distillation.contract.request import InvalidRequest
from distillation.contract.request_values import read_value
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop
from distillation.jobs import control
from distillation.models import TrainingTask
from distillation.selectors import Rights, visible
from distillation.services.surroundings import Surroundings

log = logging.getLogger(__name__)

Verb = Callable[[TrainingTask, str], None]

_VERBS: dict[str, Verb] = {
    "start": control.start,
    "stop": control.stop,
    "pause": control.pause,
    "resume": control.resume,
    "delete": control.delete,
    "restore": control.restore,
}
ACTIONS = tuple(_VERBS)


_ACTION = Option("action", "text", "", "", "", choices=ACTIONS)
_TASK_ID = Option("taskIds", "text", "", "", "", max_length=64)


@dataclass(frozen=True, slots=True)
class BulkRequest:
    """What a client asks for."""

    action: str
    task_ids: list[str]
    """In the client's order, each once."""
    fresh: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row."""

    task_id: str
    task: TrainingTask | None
    """As it is now; None when there is no such task for the person."""
    refusal: Sentence | None
    """Why nothing was done; None when it was."""


def read_request(data: Mapping[str, Any]) -> BulkRequest:
    """Read ``{"action", "taskIds", "fresh"}``. Raises InvalidRequest."""
    problems: list[Problem] = []
    action = _read(_ACTION, data.get("action"), problems)
    if not action and not problems:
        required = gettext_noop("action is required; available: {available}.")
        problems.append(Problem("action", Sentence(required, {"available": ", ".join(ACTIONS)})))
    fresh = _read(Option("fresh", "boolean", "", "", ""), data.get("fresh"), problems)
    task_ids = _read_ids(data.get("taskIds"), problems)
    if problems:
        raise InvalidRequest(problems)
    return BulkRequest(action, task_ids, bool(fresh))


def carry_out(
    action: str,
    tasks: Iterable[TrainingTask],
    actor: str,
    *,
    may_change: Callable[[TrainingTask], bool],
    fresh: bool = False,
) -> list[Outcome]:
    """Do one of ACTIONS to each task that the person may change; ``fresh`` only means something to start."""
    verb = _starter(fresh) if action == "start" else _VERBS[action]
    return [_one(verb, task, actor, may_change) for task in tasks]


def carry_out_by_id(
    action: str, task_ids: Sequence[str], actor: str, seen_by: Rights, *, fresh: bool = False
) -> list[Outcome]:
    """The same for ids, in their order; a task that the person may not see does not exist."""
    rows = TrainingTask.objects.all() if action == "restore" else TrainingTask.objects.alive()
    found = {task.task_id: task for task in visible(rows, seen_by).filter(task_id__in=task_ids)}
    tasks = [found[task_id] for task_id in task_ids if task_id in found]
    done = carry_out(action, tasks, actor, may_change=lambda task: seen_by.may_change(task.create_by), fresh=fresh)
    outcomes = {outcome.task_id: outcome for outcome in done}
    return [outcomes.get(task_id) or _missing(task_id) for task_id in task_ids]


def _read(option: Option, raw: Any, problems: list[Problem]) -> Any:
    if raw is None or raw == "":
        return None
    try:
        return read_value(option, raw)
    except Refused as refused:
        problems.append(Problem(option.name, refused.sentence))
        return None


def _read_ids(raw: Any, problems: list[Problem]) -> list[str]:
    if not isinstance(raw, list) or not raw or not all(isinstance(task_id, str) and task_id for task_id in raw):
        wrong = gettext_noop("taskIds must be an array of task ids, at least one.")
        problems.append(Problem("taskIds", Sentence(wrong)))
        return []
    if len(raw) > BULK_TASKS:
        many = gettext_noop("taskIds has {count} entries; at most {limit} are taken at once.")
        problems.append(Problem("taskIds", Sentence(many, {"count": len(raw), "limit": BULK_TASKS})))
        return []
    return list(dict.fromkeys(str(_read(_TASK_ID, task_id, problems)) for task_id in raw))


def _starter(fresh: bool) -> Verb:
    """Start, asking database and disk once an owner instead of once a task."""
    known: dict[str | None, Surroundings] = {}

    def start(task: TrainingTask, actor: str) -> None:
        around = known.setdefault(task.create_by, Surroundings(task.create_by))
        control.start(task, actor, fresh=fresh, around=around)

    return start


def _one(
    verb: Verb,
    task: TrainingTask,
    actor: str,
    may_change: Callable[[TrainingTask], bool],
) -> Outcome:
    refusal: Sentence | None = None
    if not may_change(task):
        refusal = Sentence(
            gettext_noop("{task} belongs to {owner}; only the owner, as an engineer, and administrators change it."),
            {"task": task.task_id, "owner": task.create_by or "–"},
        )
    else:
        try:
            verb(task, actor)
        except Refused as refused:
            refusal = refused.sentence
        except DatabaseError:  # the rows before this one are done, and their answers must not be lost
            log.exception("%s: a bulk action could not be stored", task.task_id)
            refusal = Sentence(gettext_noop("The database did not take the change of {task}. Try again."),
                               {"task": task.task_id})  # fmt: skip
    return Outcome(task.task_id, task, refusal)


def _missing(task_id: str) -> Outcome:
    return Outcome(task_id, None, Sentence(gettext_noop("There is no task {task}."), {"task": task_id}))
