"""The shape of a create request: names, types, limits and choices, checked against the catalogue.

What only the database or the disk can know (does the data set exist, can this teacher teach it) is the
business of ``services.validation``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from distillation.contract.options import BY_NAME, OPTIONS, Option
from distillation.contract.request_students import resolve_student
from distillation.contract.request_values import read_value
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop

ALIASES = {"epochs": "totalEpochs"}
_NOT_A_SETTING = {"taskId"}


class InvalidRequest(Exception):  # noqa: N818 - an answer to the client
    """The request cannot be accepted; one problem a field."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{p.field}: {p.sentence.english()}" for p in problems))
        self.problems = problems


@dataclass(slots=True)
class CreateRequest:
    """A request whose shape is right."""

    values: dict[str, Any]
    """Every option of the catalogue by its wire name; what was not given has its default."""
    given: set[str] = field(default_factory=set)
    """Names that the client set itself (null and an empty string do not count)."""
    not_applied: list[Problem] = field(default_factory=list)
    """Options that are kept but have no effect in this task, each with the reason."""
    unknown: list[str] = field(default_factory=list)
    """Keys that no option has; they are ignored."""

    @property
    def direct(self) -> bool:
        """True when there is no teacher."""
        return bool(self.values["trainingMode"] == "direct")

    @property
    def external(self) -> bool:
        """True when a script elsewhere trains; names are labels then."""
        return bool(self.values["executor"] == "external")

    def soft_weight(self) -> float:
        """Weight of the soft loss."""
        given = self.values["softLabelWeight"]
        return float(self.values["alpha"] if given is None else given)

    def hard_weight(self) -> float:
        """Weight of the hard loss."""
        given = self.values["hardLabelWeight"]
        return round(1 - float(self.values["alpha"]), 10) if given is None else float(given)


def parse(data: Mapping[str, Any], *, default_executor: str = "platform") -> CreateRequest:
    """Check a flat camelCase request. Raises InvalidRequest with all problems at once."""
    problems: list[Problem] = []
    data = _merge_aliases(data, problems)
    request = CreateRequest(values={})
    _read_options(request, data, problems)
    if request.values.get("executor") is None:
        request.values["executor"] = default_executor
    _check_other_keys(request, data, problems)
    if not problems:
        _check_together(request, problems)
    if problems:
        raise InvalidRequest(problems)
    return request


def _read_options(request: CreateRequest, data: Mapping[str, Any], problems: list[Problem]) -> None:
    for option in OPTIONS:
        raw = data.get(option.name)
        value = None
        if raw is not None and raw != "":
            try:
                value = read_value(option, raw, direct=data.get("trainingMode") == "direct")
            except Refused as refused:
                problems.append(Problem(option.name, refused.sentence))
                continue
            request.given.add(option.name)
        request.values[option.name] = option.default if value is None else value


def _check_other_keys(request: CreateRequest, data: Mapping[str, Any], problems: list[Problem]) -> None:
    for name, raw in data.items():
        option = BY_NAME.get(name)
        if option is None:
            if name not in _NOT_A_SETTING:
                request.unknown.append(name)
        elif not option.available:
            _check_unavailable(option, raw, problems)


def _merge_aliases(data: Mapping[str, Any], problems: list[Problem]) -> dict[str, Any]:
    merged = dict(data)
    for alias, name in ALIASES.items():
        value = merged.pop(alias, None)
        if value in (None, ""):
            continue
        if merged.get(name) not in (None, "", value):
            problems.append(
                Problem(
                    alias,
                    Sentence(
                        gettext_noop("{alias} is {first} and {name} is {second}; send one of them."),
                        {"alias": alias, "first": str(value), "name": name, "second": str(merged[name])},
                    ),
                )
            )
        merged[name] = value
    return merged


def _check_unavailable(option: Option, raw: Any, problems: list[Problem]) -> None:
    if raw is None or any(raw == neutral and type(raw) is type(neutral) for neutral in option.neutral):
        return
    problems.append(
        Problem(
            option.name,
            Sentence(
                gettext_noop("{option} is not available in this version and was set to {value}. Leave it out."),
                {"option": option.name, "value": str(raw)[:100]},
            ),
        )
    )


def _check_together(request: CreateRequest, problems: list[Problem]) -> None:
    """What only holds between several fields."""
    values = request.values
    if not values["taskName"]:
        problems.append(Problem("taskName", Sentence(gettext_noop("A task needs a name."))))
    try:
        resolve_student(values, external=request.external)
    except Refused as refused:
        problems.append(Problem("studentModel", refused.sentence))
    if not request.external and not values["datasetId"]:
        problems.append(Problem("datasetId", Sentence(gettext_noop("Choose the data set to learn from."))))
    if request.direct:
        _check_direct(request, problems)
    else:
        _check_distillation(request, problems)


def _check_direct(request: CreateRequest, problems: list[Problem]) -> None:
    values = request.values
    for name in ("teacherModel", "control"):
        if values[name]:
            problems.append(
                Problem(
                    name,
                    Sentence(
                        gettext_noop(
                            "Direct training has no teacher, so {option} has no meaning. "
                            "Leave it empty or choose distillation."
                        ),
                        {"option": name},
                    ),
                )
            )
    reason = Sentence(gettext_noop("Direct training has no teacher."))
    for option in OPTIONS:
        if not option.direct and option.name in request.given and values[option.name]:
            request.not_applied.append(Problem(option.name, reason))


def _check_distillation(request: CreateRequest, problems: list[Problem]) -> None:
    values = request.values
    if not values["teacherModel"]:
        problems.append(
            Problem(
                "teacherModel",
                Sentence(gettext_noop("Distillation needs a teacher: a completed task or a model directory.")),
            )
        )
    if request.soft_weight() <= 0:
        name = "alpha" if values["softLabelWeight"] is None else "softLabelWeight"
        problems.append(
            Problem(
                name,
                Sentence(
                    gettext_noop(
                        "With a soft-label weight of 0 the teacher would teach nothing. "
                        "Raise it, or choose direct training."
                    )
                ),
            )
        )
    reason = Sentence(gettext_noop("Neither this student nor its teacher takes LoRA."))
    request.not_applied += [
        Problem(name, reason)
        for name in ("loraPreset", "loraRank", "loraAlpha", "loraDropout")
        if name in request.given
    ]
