"""Reading request bodies: bounded in size and depth, real text only, an object where one is expected."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import QueryDict
from django.utils.translation import gettext
from rest_framework.exceptions import ParseError
from rest_framework.parsers import FormParser, JSONParser
from rest_framework.request import Request

from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Problem, Sentence, gettext_noop

MAX_SHOWN = 50
MAX_DEPTH = 40
"""Deeper nesting is nobody's data and would exhaust the stack of whoever walks it."""


class JsonBody(JSONParser):
    """UTF-8 JSON, whatever charset the header names."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The value. Raises ParseError, InvalidRequest and RequestDataTooBig."""
        try:
            value, strange = _parsed(_read(stream).decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise ParseError(gettext("The body is not UTF-8.")) from error
        except RecursionError as error:
            raise ParseError(gettext("The body is nested too deeply.")) from error
        except ValueError as error:
            raise ParseError(gettext("The body is not valid JSON: {error}").format(error=str(error)[:200])) from error
        _check_text(value)
        if strange:
            raise _no_number(_place_of_nan(value) or "", strange[0])
        return value


class FormBody(FormParser):
    """What ``curl -d`` and HTML forms send."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The last value of each name. Raises InvalidRequest, RequestDataTooBig and SuspiciousOperation."""
        value = QueryDict(_read(stream), encoding="utf-8").dict()
        _check_text(value)
        return value


def body(request: Request) -> dict[str, Any]:
    """The request's object; nothing and null count as an empty one. Raises InvalidRequest."""
    data = request.data
    if data is None:
        return {}
    if isinstance(data, QueryDict):
        return data.dict()
    return as_object(data)


def as_object(value: Any) -> dict[str, Any]:
    """The value, if it is a JSON object. Raises InvalidRequest."""
    if isinstance(value, dict):
        return value
    raise InvalidRequest([Problem("", Sentence(gettext_noop("The body must be a JSON object.")))])


def query_or_body(request: Request, *names: str) -> dict[str, Any]:
    """The named parameters; one that comes in the query wins over the body's."""
    sent = body(request)
    return {name: request.query_params.get(name, sent.get(name)) for name in names}


def _read(stream: IO[Any]) -> bytes:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    raw: bytes = stream.read() if limit is None else stream.read(limit + 1)
    if limit is not None and len(raw) > limit:
        raise RequestDataTooBig
    return raw


def _parsed(text: str) -> tuple[Any, list[str]]:
    """The value, with NaN for numbers that nobody can keep; these as they were written."""
    strange: list[str] = []

    def constant(written: str) -> float:
        strange.append(written[:MAX_SHOWN])
        return math.nan

    def number(written: str) -> float:
        value = float(written)
        return value if math.isfinite(value) else constant(written)

    def integer(written: str) -> float:
        return int(written) if len(written) < sys.get_int_max_str_digits() else constant(written)

    try:
        return json.loads(text, parse_constant=constant, parse_float=number), strange
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer with more digits than Python reads: rare, so only now each one is looked at
        return json.loads(text, parse_constant=constant, parse_float=number, parse_int=integer), strange


def _place_of_nan(value: Any, place: str = "") -> str | None:
    """The top-level key of the first NaN; the value is not deep."""
    if isinstance(value, float):
        return place if math.isnan(value) else None
    items: Any = value.items() if isinstance(value, dict) else []
    if isinstance(value, list):
        items = ((place, inner) for inner in value)
    found = (_place_of_nan(inner, place or key) for key, inner in items)
    return next((inner for inner in found if inner is not None), None)


def _no_number(place: str, written: str) -> InvalidRequest:
    sentence = Sentence(
        gettext_noop("{option} is {value}; that is not a number that can be kept."),
        {"option": place[:MAX_SHOWN] or "[]", "value": written},
    )
    return InvalidRequest([Problem(place[:MAX_SHOWN], sentence)])


def _check_text(value: Any) -> None:
    """Refuse NUL and halves of surrogate pairs, which databases cannot store, and bottomless nesting."""
    for place, depth, text in _texts(value):
        if depth > MAX_DEPTH:
            raise ParseError(gettext("The body is nested too deeply."))
        if "\0" in text or (not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)):
            sentence = Sentence(
                gettext_noop("{option} contains characters that are not text."), {"option": _printable(place)}
            )
            raise InvalidRequest([Problem(_printable(place), sentence)])


def _texts(value: Any) -> Iterator[tuple[str, int, str]]:
    """Every text in the value (and an empty one a container): top-level key, depth, text. Without recursion."""
    stack: list[tuple[str, int, Any]] = [("", 0, value)]
    while stack:
        place, depth, item = stack.pop()
        if isinstance(item, str):
            yield place, depth, item
        elif isinstance(item, dict):
            yield place, depth, ""
            for key, inner in reversed(item.items()):
                yield place or key, depth, key
                stack.append((place or key, depth + 1, inner))
        elif isinstance(item, list):
            yield place, depth, ""
            stack.extend((place, depth + 1, inner) for inner in item)


def _printable(text: str) -> str:
    return text.replace("\0", "").encode(errors="replace").decode()[:100]
