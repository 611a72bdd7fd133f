"""The shape of a create request: names, types, limits and choices, checked against the catalogue.

What only the database or the disk can know (does the data set exist, can this teacher teach it) is the
business of ``services.validation``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from distillation.contract.create_request import CreateRequest
from distillation.contract.options import BY_NAME, OPTIONS
from distillation.contract.request_checks import check_together, without_guesses
from distillation.contract.request_values import read_value
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop
from distillation.contract.training_config import NAME as CONFIG
from distillation.contract.training_config import with_config

ALIASES = {"epochs": "totalEpochs"}
_NOT_A_SETTING = {"taskId"}


class InvalidRequest(Exception):  # noqa: N818 - an answer to the client
    """The request cannot be accepted; one problem a field."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{p.field}: {p.sentence.english()}" for p in problems))
        self.problems = problems


def parse(data: Mapping[str, Any], *, default_executor: str = "platform") -> CreateRequest:
    """Check a flat camelCase request. Raises InvalidRequest with all problems at once."""
    request, problems = read(data, default_executor=default_executor)
    if problems:
        raise InvalidRequest(problems)
    return request


def read(data: Mapping[str, Any], *, default_executor: str = "platform") -> tuple[CreateRequest, list[Problem]]:
    """What can be read of a flat camelCase request, and all problems of its shape.

    A field that was refused has no value; the others are checked all the same.
    """
    problems: list[Problem] = []
    request = CreateRequest(values={})
    data = _unpack_config(data, request, problems)
    called = {ALIASES[alias]: alias for alias in ALIASES if data.get(alias) not in (None, "")}
    data = _merge_aliases(data, request, problems)
    _read_options(request, data, problems, called)
    if "executor" not in request.refused and request.values["executor"] is None:
        request.values["executor"] = default_executor
    request.unknown += [name for name in data if name not in BY_NAME and name not in _NOT_A_SETTING]
    whole = request.assumed()
    found: list[Problem] = []
    check_together(whole, found)
    request.take(whole)
    return request, [*problems, *without_guesses(found, request.refused)]


def _read_options(
    request: CreateRequest, data: Mapping[str, Any], problems: list[Problem], called: Mapping[str, str]
) -> None:
    """Read all; a problem names an option as the client ``called`` it."""
    for option in OPTIONS:
        if option.name in request.refused:
            continue
        name = called.get(option.name, option.name)
        raw = data.get(option.name)
        value = None
        if raw is not None and raw != "" and raw != []:
            try:
                value = read_value(replace(option, name=name), raw, direct=data.get("trainingMode") == "direct")
            except Refused as refused:
                problems.append(Problem(name, refused.sentence))
                request.refused.add(option.name)
                continue
            if value == []:  # a text that holds an empty array
                value = None
            else:
                request.given.add(option.name)
        request.values[option.name] = option.default if value is None else value


def _unpack_config(data: Mapping[str, Any], request: CreateRequest, problems: list[Problem]) -> Mapping[str, Any]:
    try:
        data, unknown = with_config(data)
    except Refused as refused:
        problems.append(Problem(CONFIG, refused.sentence))
        return {name: value for name, value in data.items() if name != CONFIG}
    request.unknown += unknown
    return data


def _merge_aliases(data: Mapping[str, Any], request: CreateRequest, problems: list[Problem]) -> dict[str, Any]:
    merged = dict(data)
    for alias, name in ALIASES.items():
        value = merged.pop(alias, None)
        if value in (None, ""):
            continue
        if merged.get(name) not in (None, "", value):
            request.refused.add(name)
            problems.append(
                Problem(
                    alias,
                    Sentence(
                        gettext_noop("{alias} is {first} and {name} is {second}; send one of them."),
                        {"alias": alias, "first": str(value)[:100], "name": name, "second": str(merged[name])[:100]},
                    ),
                )
            )
        merged[name] = value
    return merged
