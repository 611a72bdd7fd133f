"""Clones of a task: one with changes, or a group over lists of values (temperature × alpha × seed).

A clone is planned first, for all to see, then stored; a group is stored whole or not at all. The number of
combinations is known before the first one is built, so an absurd product costs nothing.
"""

from __future__ import annotations

import itertools
import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction

from distillation.contract.create_request import CreateRequest
from distillation.contract.limits import CLONE_GROUP, NAMES_SHOWN
from distillation.contract.options import BY_NAME
from distillation.contract.request import ALIASES, InvalidRequest
from distillation.contract.request_values import read_value
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop
from distillation.models import TrainingTask
from distillation.services.audit import audited
from distillation.services.flat import flat
from distillation.services.surroundings import Surroundings
from distillation.services.task_names import free_names
from distillation.services.tasks import changes_of, insert, with_changes
from distillation.services.validation import look_at, request_problems

RESERVED = ("changes", "lists", "preview")
"""Keys of a clone request that are not options."""
LARGEST_SHOWN = 10**9
LONGEST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class PlannedClone:
    """One task, not stored yet."""

    request: CreateRequest
    values: dict[str, Any]
    """The listed options with this task's values."""
    around: Surroundings

    @property
    def name(self) -> str:
        """The task's name."""
        return str(self.request.values["taskName"])

    def problems(self) -> list[Problem]:
        """What start would refuse."""
        return request_problems(self.request, self.around)


def clone_task(task: TrainingTask, changes: Mapping[str, Any], actor: str) -> TrainingTask:
    """Create a task with the settings of another and the given changes. Raises InvalidRequest."""
    planned = plan_clones(task, changes, {}, actor)
    marks = {"cloned_from": task.task_id}
    with transaction.atomic():
        if _only_another_seed(task, changes):
            marks["group_id"] = _join_seeds(task, actor)
        return insert([clone.request for clone in planned], actor, **marks)[0]


def split(data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The changes and the lists of a clone request. Changes stand flat in the body or under ``changes``, which wins.

    Raises InvalidRequest when ``changes`` or ``lists`` is not an object.
    """
    flat_changes = {name: value for name, value in data.items() if name not in RESERVED}
    return flat_changes | _object(data, "changes"), _object(data, "lists")


def plan_clones(
    task: TrainingTask, changes: Mapping[str, Any], lists: Mapping[str, Any], actor: str
) -> list[PlannedClone]:
    """Every combination of the lists' values on top of the task and the changes; none is stored.

    Raises InvalidRequest: each problem names the option and the value that it is about.
    """
    changes = changes_of(task, changes)
    base = with_changes(flat(task), changes)
    choices = _read_lists(lists, changes, direct=base.get("trainingMode") == "direct")
    combinations = [dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())]
    names = _names(task, changes, choices, combinations)
    around = Surroundings(actor)
    planned: list[PlannedClone] = []
    problems: dict[tuple[str, str], Problem] = {}
    for name, combination in zip(names, combinations, strict=True):
        wanted = with_changes(base, combination) | {"taskName": name}
        request, found = look_at(wanted, around, default_executor=settings.DISTILLATION_DEFAULT_EXECUTOR)
        for problem in found:
            problems.setdefault((problem.field, problem.sentence.english()), _about(problem, combination))
        planned.append(PlannedClone(request, combination, around))
    if problems:
        raise InvalidRequest(list(problems.values()))
    return planned


def save_clones(task: TrainingTask, planned: Sequence[PlannedClone], actor: str) -> list[TrainingTask]:
    """Store the group: all of it or nothing."""
    requests = [clone.request for clone in planned]
    return insert(requests, actor, cloned_from=task.task_id, group_id=uuid.uuid4().hex)


def _only_another_seed(task: TrainingTask, changes: Mapping[str, Any]) -> bool:
    """Whether a clone repeats the task with another seed; its name may differ, too."""
    changed = changes_of(task, changes)
    before = flat(task)
    differing = {name for name, value in changed.items() if value not in (None, "") and value != before.get(name)}
    return "seed" in differing and differing <= {"seed", "taskName", "description"}


def _join_seeds(task: TrainingTask, actor: str) -> str:
    """The group of a task and its repetitions: told from the task's id, so that whoever comes first makes it.

    The task itself joins where the person owns it.
    """
    group = task.group_id or uuid.uuid5(uuid.NAMESPACE_OID, f"seeds of {task.task_id}").hex
    if task.group_id is None and actor and task.create_by == actor:
        with audited("edit", task, actor):
            TrainingTask.objects.filter(pk=task.pk, group_id=None).update(group_id=group)
            task.refresh_from_db(fields=["group_id"])
    return group


def _names(
    task: TrainingTask,
    changes: Mapping[str, Any],
    choices: Mapping[str, list[Any]],
    combinations: Sequence[Mapping[str, Any]],
) -> list[Any]:
    """What differs tells the tasks of a group apart. A single clone is called as the client says."""
    given = changes.get("taskName")
    if given in (None, ""):
        stem = task.task_name
    elif not choices:
        return [given]
    else:
        try:
            stem = read_value(BY_NAME["taskName"], given)
        except Refused as refused:
            raise _refused("taskName", refused.sentence) from refused
    varied = [name for name, values in choices.items() if len(values) > 1]
    return list(free_names(stem, [_ending(combination, varied) for combination in combinations]))


def _object(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = data.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _refused(name, Sentence(gettext_noop("{option} must be a JSON object."), {"option": name}))
    return value


def _read_lists(lists: Mapping[str, Any], changes: Mapping[str, Any], *, direct: bool) -> dict[str, list[Any]]:
    """Each listed option with its values, read and without repetition. Raises InvalidRequest."""
    wrong = (problem for name in lists if (problem := _wrong_list(name, lists[name], changes)))
    problems = list(itertools.islice(wrong, NAMES_SHOWN))
    if problems:
        raise InvalidRequest(problems)
    _check_number(lists)
    choices: dict[str, list[Any]] = {}
    for name, raw_values in lists.items():
        option = BY_NAME[ALIASES.get(name, name)]
        values: list[Any] = []
        for raw in raw_values:
            try:
                value = read_value(option, raw, direct=direct)
            except Refused as refused:
                problems.append(Problem(name, _with_value(raw, refused.sentence)))
                continue
            if value in values:
                twice = gettext_noop("{option} lists {value} twice.")
                problems.append(Problem(name, Sentence(twice, {"option": name, "value": _shown(value)})))
            values.append(value)
        if option.name in choices:
            both = gettext_noop("{option} and {other} are the same option; list one of them.")
            problems.append(Problem(name, Sentence(both, {"option": name, "other": option.name})))
        choices[option.name] = values
    if problems:
        raise InvalidRequest(problems)
    return choices


def _wrong_list(name: str, values: Any, changes: Mapping[str, Any]) -> Problem | None:
    """What is wrong with one list before its values are looked at."""
    option = BY_NAME.get(ALIASES.get(name, name))
    params = {"option": name[:LONGEST_SHOWN], "value": "…" if isinstance(values, list) else _shown(values)}
    if option is None or option.name == "taskName":
        template = gettext_noop("{option} cannot be listed: lists take options of the create request but the name.")
    elif not isinstance(values, list):
        template = gettext_noop("lists.{option} must be an array of values, not {value}.")
    elif not values:
        template = gettext_noop("lists.{option} is empty. Give it values or leave it out.")
    elif any(value is None or value == "" for value in values):
        template = gettext_noop("lists.{option} holds an empty value; write the values out.")
    elif any(changes.get(key) not in (None, "") for key in (name, option.name)):
        template = gettext_noop("{option} is both changed and listed; send one of them.")
    else:
        return None
    return Problem(name[:LONGEST_SHOWN], Sentence(template, params))


def _check_number(lists: Mapping[str, Any]) -> None:
    number = math.prod(len(values) for values in lists.values())
    if number > CLONE_GROUP:
        raise _refused(
            "lists",
            Sentence(
                gettext_noop("The lists make {count} tasks; a group has at most {limit}. Shorten them."),
                {"count": number if number <= LARGEST_SHOWN else f"> {LARGEST_SHOWN}", "limit": CLONE_GROUP},
            ),
        )


def _about(problem: Problem, combination: Mapping[str, Any]) -> Problem:
    """The problem with the combination in which it came up first."""
    if not combination:
        return problem
    return Problem(problem.field, _with_value(_ending(combination, combination).removeprefix(" · "), problem.sentence))


def _with_value(value: Any, why: Sentence) -> Sentence:
    return Sentence(gettext_noop("{value}: {why}"), {"value": _shown(value), "why": why.as_json()})


def _ending(combination: Mapping[str, Any], names: Sequence[str] | Mapping[str, Any]) -> str:
    """What tells one task of the group from the others, as the end of its name."""
    return " · " + " ".join(f"{name}={_shown(combination[name])}" for name in names) if names else ""


def _shown(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _refused(name: str, sentence: Sentence) -> InvalidRequest:
    return InvalidRequest([Problem(name, sentence)])
