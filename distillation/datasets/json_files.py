"""JSON of annotation tools, also of hundreds of megabytes: one element of a large list in memory at a time."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import shown
from distillation.datasets.text_files import read_text

_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
_NUMBERS = frozenset({int, float})


def read_json(path: Path, limit: int) -> Any:
    """Read a JSON file whole. Raises Refused."""
    text = read_text(path, limit)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise not_json(path, error) from error


def elements(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    """Yield ``(key, element)`` for each element of each list directly in the object that ``text`` is.

    Values that are no lists come as they are. ``path`` is for the sentence. Raises Refused.
    """
    try:
        at = _after(text, 0, "{")
        while text[at] != "}":
            key, at = _DECODER.raw_decode(text, at)
            at = _after(text, at, ":")
            if text[at] == "[":
                at = _after(text, at, "[")
                while text[at] != "]":
                    element, at = _DECODER.raw_decode(text, at)
                    yield str(key), element
                    at = _next(text, at, "]")
                at += 1
            else:
                value, at = _DECODER.raw_decode(text, at)
                yield str(key), value
            at = _next(text, at, "}")
    except (ValueError, IndexError, RecursionError) as error:
        raise not_json(path, error) from error


def numbers(values: Any) -> list[float] | None:
    """A list of JSON numbers as floats, NaN and infinities included; None for everything else."""
    if not isinstance(values, list) or not _NUMBERS.issuperset(map(type, values)):
        return None
    try:
        return list(map(float, values))
    except OverflowError:  # an integer of hundreds of digits
        return [math.inf] * len(values)


def not_json(path: Path, error: BaseException) -> Refused:
    """Say that a file is not the JSON that was expected."""
    return Refused(
        Sentence(
            gettext_noop("{path} is not valid JSON ({error}). Export it again."),
            {"path": shown(path.name), "error": shown(f"{type(error).__name__}: {str(error)[:200]}")},
        )
    )


def _blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _after(text: str, at: int, mark: str) -> int:
    at = _blank(text, at)
    if text[at] != mark:
        raise ValueError(f"{mark} is missing at character {at}")
    return _blank(text, at + 1)


def _next(text: str, at: int, end: str) -> int:
    """Past the comma after an element, or at ``end``."""
    at = _blank(text, at)
    if text[at] == end:
        return at
    return _after(text, at, ",")
