"""Lists of values of a request, such as temperature 2, 3, 4: what may be listed, how many tasks that makes.

The number of combinations is known before the first one is built, so an absurd product costs nothing.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from distillation.contract.limits import CLONE_GROUP, NAMES_SHOWN
from distillation.contract.options import BY_NAME
from distillation.contract.request import ALIASES, InvalidRequest
from distillation.contract.request_values import read_value
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop

LARGEST_SHOWN = 10**9
LONGEST_SHOWN = 40


def read_lists(lists: Mapping[str, Any], changes: Mapping[str, Any], *, direct: bool) -> dict[str, list[Any]]:
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
        raise refused_field(
            "lists",
            Sentence(
                gettext_noop("The lists make {count} tasks; a group has at most {limit}. Shorten them."),
                {"count": number if number <= LARGEST_SHOWN else f"> {LARGEST_SHOWN}", "limit": CLONE_GROUP},
            ),
        )


def about(problem: Problem, combination: Mapping[str, Any]) -> Problem:
    """The problem with the combination in which it came up first."""
    if not combination:
        return problem
    return Problem(problem.field, _with_value(ending(combination, combination).removeprefix(" · "), problem.sentence))


def _with_value(value: Any, why: Sentence) -> Sentence:
    return Sentence(gettext_noop("{value}: {why}"), {"value": _shown(value), "why": why.as_json()})


def ending(combination: Mapping[str, Any], names: Sequence[str] | Mapping[str, Any]) -> str:
    """What tells one task of the group from the others, as the end of its name."""
    return " · " + " ".join(f"{name}={_shown(combination[name])}" for name in names) if names else ""


def _shown(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def refused_field(name: str, sentence: Sentence) -> InvalidRequest:
    """A refusal that is about one field alone."""
    return InvalidRequest([Problem(name, sentence)])
