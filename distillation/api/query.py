"""Reading query parameters; an empty one counts as absent, a wrong one is a 400 with a sentence."""

from __future__ import annotations

import re
from decimal import Decimal

from django.conf import settings
from rest_framework.request import Request

from distillation.contract.option import Kind, Option
from distillation.contract.request import InvalidRequest
from distillation.contract.request_values import read_value
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop


def text(request: Request, name: str) -> str:
    """The parameter without outer spaces, or an empty text."""
    return request.query_params.get(name, "").strip()


def count(request: Request, name: str, default: int) -> int:
    """A whole number from 1; more than a list may hold counts as the list's limit. Raises InvalidRequest."""
    raw = text(request, name)
    if not raw:
        return default
    if not re.fullmatch(r"[0-9]{1,18}", raw, re.ASCII) or int(raw) < 1:
        raise _wrong(name, Sentence(gettext_noop("{option} must be a whole number from 1."), {"option": name}))
    return int(raw)


def rows(request: Request, name: str, default: int) -> int:
    """How many rows an answer may hold. Raises InvalidRequest."""
    return min(count(request, name, default), settings.DISTILLATION_LIST_LIMIT)


def flag(request: Request, name: str) -> bool:
    """``true`` or ``false``, absent is false. Raises InvalidRequest."""
    return truth(name, text(request, name))


def percent(request: Request, name: str) -> Decimal | None:
    """A number from 0 to 100, or None. Raises InvalidRequest."""
    return Decimal(str(_read(name, "number", text(request, name)))) if text(request, name) else None


def whole(request: Request, name: str, most: int) -> int | None:
    """A whole number from 1 to ``most``, or None. Raises InvalidRequest."""
    found = _read(name, "integer", text(request, name), 1, most) if text(request, name) else None
    return found if isinstance(found, int) else None


def number(request: Request, name: str, most: float) -> float:
    """A number from 0 to ``most``; absent is 0. Raises InvalidRequest."""
    found = _read(name, "number", text(request, name), 0, most) if text(request, name) else None
    return found if isinstance(found, float) else 0.0


def truth(name: str, raw: object) -> bool:
    """``true`` or ``false`` of a query or a body; absent is false. Raises InvalidRequest."""
    return raw not in (None, "") and bool(_read(name, "boolean", raw))


def _read(name: str, kind: Kind, raw: object, low: float = 0, high: float = 100) -> object:
    option = Option(name, kind, "", "", "", minimum=low, maximum=high)
    try:
        return read_value(option, raw)
    except Refused as refused:
        raise _wrong(name, refused.sentence) from refused


def _wrong(name: str, sentence: Sentence) -> InvalidRequest:
    return InvalidRequest([Problem(name, sentence)])
