"""Points that a script elsewhere reports about its task: checked as whole arrays, stored in one statement.

Hot: a script may send thousands of points a request, so nothing here is done a point at a time that can be done
for an array.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from distillation.contract.arms import ARMS
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Problem, Sentence, gettext_noop
from distillation.contract.series import MAX_NAME
from distillation.models import TrainingTask
from distillation.services import points, reports

MAX_POINTS = 10_000
MAX_STEP = 2**53
MAX_EPOCH = 2**31 - 1
MAX_TIME = 253_402_000_000
"""In the year 9999, in seconds since 1970."""
MAX_FIGURE = sys.float_info.max
MOST_PROBLEMS = 20
_NAME = re.compile(r"\w[\w ./:@+-]*")
_NUMBERS: set[type] = {int, float, type(None)}
_WHOLE: set[type] = {int}


def report_points(task: TrainingTask, data: Mapping[str, Any]) -> int:
    """Store ``{"series": [{"name", "steps", "values", "epochs"?, "times"?, "arm"?}]}``; the number of points.

    The same step of a curve again replaces its point. Raises InvalidRequest and Refused.
    """
    reports.require_external(task)
    problems: list[Problem] = []
    rows = _rows(data.get("series"), problems)
    if problems:
        raise InvalidRequest(problems[:MOST_PROBLEMS])
    with transaction.atomic():
        # The task's row first: it is the lock behind which points get their ids in the order of their commits.
        reports.heard_of(task)
        points.store(task, rows)
    return len(rows)


def _rows(series: Any, problems: list[Problem]) -> list[points.Point]:
    if not isinstance(series, list):
        problems.append(Problem("series", Sentence(gettext_noop("series must be an array of curves."))))
        return []
    count = sum(len(curve["steps"]) for curve in series if _has_steps(curve))
    if count > MAX_POINTS or len(series) > MAX_POINTS:
        sentence = Sentence(
            gettext_noop("{count} points were sent; at most {limit} are taken at once."),
            {"count": max(count, len(series)), "limit": MAX_POINTS},
        )
        problems.append(Problem("series", sentence))
        return []
    now = round(timezone.now().timestamp(), 3)
    rows: list[points.Point] = []
    for index, curve in enumerate(series):
        found = len(problems)
        read = _Curve(f"series[{index}]", curve, problems).rows(now)
        if len(problems) == found:
            rows += read
        if len(problems) >= MOST_PROBLEMS:
            break
    return rows


def _has_steps(curve: Any) -> bool:
    return isinstance(curve, dict) and isinstance(curve.get("steps"), list)


class _Curve:
    """One curve of the request."""

    def __init__(self, place: str, sent: Any, problems: list[Problem]) -> None:
        self._place, self._problems = place, problems
        self._sent: Mapping[str, Any] = sent if isinstance(sent, dict) else {}
        self._readable = isinstance(sent, dict)

    def rows(self, now: float) -> Sequence[points.Point]:
        """Its points; without times they are of now. What is wrong is added to the problems."""
        if not self._readable:
            self._wrong(self._place, gettext_noop("{field} must be an object with name, steps and values."))
            return []
        name, arm = self._name(), self._arm()
        steps = self._array("steps", _WHOLE, 0, MAX_STEP, gettext_noop("{field} must be whole numbers from 0."))
        values = self._array(
            "values", _NUMBERS, -MAX_FIGURE, MAX_FIGURE, gettext_noop("{field} must be finite numbers or null.")
        )
        epochs = self._optional("epochs", {int, type(None)}, MAX_EPOCH,
                                gettext_noop("{field} must be whole numbers from 0, or null."))  # fmt: skip
        times = self._optional("times", {int, float}, MAX_TIME,
                               gettext_noop("{field} must be seconds since 1970."))  # fmt: skip
        count = len(steps)
        for field, array in (("values", values), ("epochs", epochs), ("times", times)):
            if array is not None and len(array) != count:
                self._wrong(
                    f"{self._place}.{field}",
                    gettext_noop("{field} holds {found} entries and steps {count}; they must be equal."),
                    found=len(array),
                    count=count,
                )
        return [
            (name, arm, step, epoch, time, value)
            for step, epoch, time, value in zip(
                steps, epochs or [None] * count, times or [now] * count, _floats(values), strict=False
            )
        ]

    def _name(self) -> str:
        name = self._sent.get("name")
        if isinstance(name, str) and len(name.strip()) <= MAX_NAME and _NAME.fullmatch(name.strip()):
            return name.strip()
        self._wrong(
            f"{self._place}.name",
            gettext_noop(
                "{field} must be 1 to {limit} characters: letters, digits, spaces and . / : @ + - _, "
                "a letter or digit first."
            ),
            limit=MAX_NAME,
        )
        return ""

    def _arm(self) -> str:
        sent = self._sent.get("arm")
        arm = ARMS[0] if sent is None or sent == "" else sent
        if arm in ARMS:
            return str(arm)
        available = ", ".join(ARMS)
        self._wrong(f"{self._place}.arm", gettext_noop("{field} must be one of {available}."), available=available)
        return ""

    def _optional(self, field: str, types: set[type], high: int, template: str) -> list[Any] | None:
        return None if self._sent.get(field) is None else self._array(field, types, 0, high, template)

    def _array(self, field: str, types: set[type], low: float, high: float, template: str) -> list[Any]:
        array = self._sent.get(field)
        place = f"{self._place}.{field}"
        if not isinstance(array, list):
            self._wrong(place, gettext_noop("{field} must be an array."))
        elif not set(map(type, array)) <= types or not _within(array, low, high):
            self._wrong(place, template)
        else:
            return array
        return []

    def _wrong(self, field: str, template: str, **params: Any) -> None:
        self._problems.append(Problem(field, Sentence(template, {"field": field, **params})))


def _within(array: list[Any], low: float, high: float) -> bool:
    """Whether every number lies between the limits; an integer may be larger than any float."""
    known = [value for value in array if value is not None]
    return not known or bool(low <= min(known) and max(known) <= high)


def _floats(values: list[Any]) -> list[float | None]:
    return [None if value is None else float(value) for value in values]
