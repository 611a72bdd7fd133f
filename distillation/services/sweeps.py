"""Groups of tasks over lists of values (temperature × alpha × seed): planned for all to see, then stored whole.

A clone begins with a task, a new group with a request; both are planned here.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from distillation.contract.create_request import CreateRequest
from distillation.contract.options import BY_NAME
from distillation.contract.request import InvalidRequest
from distillation.contract.request_values import read_value
from distillation.contract.sentence import Problem, Refused
from distillation.models import TrainingTask
from distillation.services.surroundings import Surroundings
from distillation.services.task_names import free_names
from distillation.services.tasks import insert, with_changes
from distillation.services.validation import look_at, request_problems
from distillation.services.value_lists import about, ending, read_lists, refused_field


@dataclass(frozen=True, slots=True)
class PlannedTask:
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


def plan(
    base: Mapping[str, Any],
    lists: Mapping[str, Any],
    actor: str,
    *,
    stem: str = "",
    changes: Mapping[str, Any] | None = None,
) -> list[PlannedTask]:
    """Every combination of the lists' values on top of a flat request; none is stored.

    ``changes`` are what the client says itself, a name among them; ``stem`` is what names begin with when it says
    none. Raises InvalidRequest: each problem names the option and the value that it is about.
    """
    said = base if changes is None else changes
    choices = read_lists(lists, said, direct=base.get("trainingMode") == "direct")
    combinations = [dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())]
    names = _names(said.get("taskName"), stem, choices, combinations)
    around = Surroundings(actor)
    planned: list[PlannedTask] = []
    problems: dict[tuple[str, str], Problem] = {}
    for name, combination in zip(names, combinations, strict=True):
        wanted = with_changes(base, combination) | {"taskName": name}
        request, found = look_at(wanted, around, default_executor=settings.DISTILLATION_DEFAULT_EXECUTOR)
        for problem in found:
            problems.setdefault((problem.field, problem.sentence.english()), about(problem, combination))
        planned.append(PlannedTask(request, combination, around))
    if problems:
        raise InvalidRequest(list(problems.values()))
    return planned


def save(planned: Sequence[PlannedTask], actor: str, **marks: Any) -> list[TrainingTask]:
    """Store the group: all of it or nothing. ``marks`` are further columns."""
    return insert([one.request for one in planned], actor, group_id=uuid.uuid4().hex, **marks)


def _names(
    given: Any, stem: str, choices: Mapping[str, list[Any]], combinations: Sequence[Mapping[str, Any]]
) -> list[Any]:
    """What differs tells the tasks of a group apart. A single one is called as the client says."""
    if given not in (None, ""):
        if not choices:
            return [given]
        try:
            stem = read_value(BY_NAME["taskName"], given)
        except Refused as refused:
            raise refused_field("taskName", refused.sentence) from refused
    elif not stem:
        return [None] * len(combinations)
    varied = [name for name, values in choices.items() if len(values) > 1]
    return list(free_names(stem, [ending(combination, varied) for combination in combinations]))
