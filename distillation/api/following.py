"""Query parameters of what is read by cursor and thinned; a wrong one is a 400 with a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from distillation.api import query
from distillation.api.schema import query_parameter
from distillation.api.schema_values import CURSOR, MOST
from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Problem, Sentence, gettext_noop
from distillation.selectors.curves import MOST_POINTS
from distillation.selectors.following import PointCursor

FEWEST_POINTS = 10
DEFAULT_POINTS = 1000
MAX_WORDS = 100

MAX_POINTS = query_parameter(
    "maxPoints",
    _("Points of each curve, 10 to 10,000; 1000 when absent. Above it, extremes are kept."),
    {"type": "integer", "minimum": FEWEST_POINTS, "maximum": MOST},
)
AFTER_ID = query_parameter("after", _("The cursor of an earlier answer: only what is newer."), CURSOR)
AFTER_POINT: OpenApiParameter = query_parameter(
    "after", _("The cursor of an earlier answer: only what is newer."), pattern="^([0-9]{1,12}-[0-9]{1,18})?$"
)


def row_id(request: Request, name: str) -> int | None:
    """A cursor that is a number from 0; None when absent. Raises InvalidRequest."""
    raw = query.text(request, name)
    if not raw:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", raw, re.ASCII):
        raise wrong(name, Sentence(gettext_noop("{option} must be a cursor of an earlier answer."), {"option": name}))
    return int(raw)


def point_cursor(request: Request, name: str) -> PointCursor | None:
    """A cursor of points; None when absent. Raises InvalidRequest."""
    raw = query.text(request, name)
    found = re.fullmatch(r"([0-9]{1,12})-([0-9]{1,18})", raw, re.ASCII)
    if found:
        return PointCursor(int(found[1]), int(found[2]))
    if not raw:
        return None
    raise wrong(name, Sentence(gettext_noop("{option} must be a cursor of an earlier answer."), {"option": name}))


def points(request: Request) -> int:
    """``maxPoints``. Raises InvalidRequest."""
    most = query.count(request, "maxPoints", DEFAULT_POINTS)
    if most < FEWEST_POINTS:
        sentence = Sentence(
            gettext_noop("{option} must be at least {limit}."), {"option": "maxPoints", "limit": FEWEST_POINTS}
        )
        raise wrong("maxPoints", sentence)
    return min(most, MOST_POINTS)


def words(request: Request, name: str) -> list[str]:
    """A comma-separated list without empty entries; absent is an empty one. Raises InvalidRequest."""
    found = [word.strip() for word in query.text(request, name).split(",") if word.strip()]
    if len(found) > MAX_WORDS:
        sentence = Sentence(
            gettext_noop("{option} holds {count} entries; at most {limit} are possible."),
            {"option": name, "count": len(found), "limit": MAX_WORDS},
        )
        raise wrong(name, sentence)
    return found


def one_of(request: Request, name: str, choices: Sequence[str], default: str) -> str:
    """One of the choices, whatever its case. Raises InvalidRequest."""
    raw = query.text(request, name)
    if not raw:
        return default
    known = {choice.lower(): choice for choice in choices}
    if raw.lower() not in known:
        raise _unknown(name, raw, choices)
    return known[raw.lower()]


def some_of(request: Request, name: str, choices: Sequence[str]) -> list[str]:
    """Some of the choices, with commas; absent is an empty list. Raises InvalidRequest."""
    found = words(request, name)
    for word in found:
        if word not in choices:
            raise _unknown(name, word, choices)
    return found


def wrong(name: str, sentence: Sentence) -> InvalidRequest:
    """The answer to a parameter that cannot be used."""
    return InvalidRequest([Problem(name, sentence)])


def _unknown(name: str, value: str, choices: Sequence[str]) -> InvalidRequest:
    sentence = Sentence(
        gettext_noop("{option} cannot be {value}; available: {available}."),
        {"option": name, "value": value[:50], "available": ", ".join(choices)},
    )
    return wrong(name, sentence)
