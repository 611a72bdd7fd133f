"""Sizes of models as people write them (7B, 300M): what a label states must be near the truth."""

from __future__ import annotations

import re

from distillation.contract.create_request import CreateRequest
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop
from distillation.contract.students import STUDENTS

TOLERANCE = 0.25
"""Share of the true number by which a label may be wrong: what is called 3B has up to 3.8 billion parameters."""
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) ?([KMBT]?)", re.IGNORECASE)


def parameters(option: str, label: str) -> float:
    """The number that a label states. Raises Refused for something else than a number and K, M, B or T."""
    found = _SIZE.fullmatch(label.strip())
    if found is None or float(found[1]) <= 0:
        raise Refused(
            Sentence(
                gettext_noop("{option} {value} is no number of parameters. Write it as 7B, 1.5B, 300M or 86000000."),
                {"option": option, "value": label},
            )
        )
    return float(found[1]) * _UNITS[found[2].upper()]


def size_problem(option: str, label: str, name: str, true: int) -> Sentence | None:
    """Why the label cannot be that of the model ``name`` with so many parameters; None when it can, or is no size."""
    try:
        stated = parameters(option, label)
    except Refused as refused:
        return refused.sentence
    if abs(stated - true) <= TOLERANCE * true:
        return None
    return Sentence(
        gettext_noop(
            "{option} says {stated}, but {name} has {true} parameters. Leave it out, or choose the model that you mean."
        ),
        {"option": option, "stated": label, "name": name, "true": shown(true)},
    )


def shown(count: int) -> str:
    """In words such as ``11.7M``."""
    for unit in ("T", "B", "M", "K"):
        if count >= _UNITS[unit]:
            return f"{count / _UNITS[unit]:.3g}{unit}"
    return str(count)


def check_sizes(request: CreateRequest, problems: list[Problem]) -> None:
    """Add what the catalogue knows to be wrong; the teacher's files are looked at when the task starts."""
    if request.external:
        return
    values = request.values
    student = STUDENTS.get(values["studentModel"])
    if (label := values["studentParamSize"]) and student is not None:
        sentence = size_problem("studentParamSize", label, student.name, student.parameters)
        if sentence is not None:
            problems.append(Problem("studentParamSize", sentence))
    if label := values["teacherParamSize"]:
        try:
            parameters("teacherParamSize", label)
        except Refused as refused:
            problems.append(Problem("teacherParamSize", refused.sentence))
