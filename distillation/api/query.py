"""Reading query parameters; an empty one counts as absent, a wrong one is a 400 with a sentence."""

from __future__ import annotations

import re
from decimal import Decimal

from django.conf import settings
from rest_framework.request import Request

from distillation.contract.options import Option
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
    return bool(_read(name, "boolean", request)) if text(request, name) else False


def percent(request: Request, name: str) -> Decimal | None:
    """A number from 0 to 100, or None. Raises InvalidRequest."""
    return Decimal(str(_read(name, "number", request))) if text(request, name) else None


def _read(name: str, kind: str, request: Request) -> object:
    option = Option(name, kind, "", "", "", minimum=0, maximum=100)  # type: ignore[arg-type]
    try:
        return read_value(option, text(request, name))
    except Refused as refused:
        raise _wrong(name, refused.sentence) from refused


def _wrong(name: str, sentence: Sentence) -> InvalidRequest:
    return InvalidRequest([Problem(name, sentence)])
