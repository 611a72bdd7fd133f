"""``trainingConfig`` of a request: the stored, nested shape of the advanced options, unpacked into flat ones.

What an option may be is decided where the flat options are read; here is only where each of them stands.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from distillation.contract.options import BY_NAME
from distillation.contract.sentence import Refused, Sentence, gettext_noop

NAME = "trainingConfig"
MAX_DEPTH = 40
"""Deeper nesting is nobody's data and would exhaust the stack of whoever walks it."""

_AT = {option.config_path: option.name for option in BY_NAME.values() if option.config_path}
_GROUPS = {path[:1] for path in _AT if len(path) > 1}


def with_config(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The request with the options of its ``trainingConfig`` beside its own, which win; and unknown keys inside.

    Raises Refused when it is not an object or a text that holds one.
    """
    flat = {name: value for name, value in data.items() if name != NAME}
    inside, unknown = unpacked(data.get(NAME))
    return flat | {name: value for name, value in inside.items() if flat.get(name) in (None, "")}, unknown


def unpacked(raw: Any) -> tuple[dict[str, Any], list[str]]:
    """Wire name → value, and the keys that no option has, as ``trainingConfig.key``. Raises Refused."""
    values: dict[str, Any] = {}
    unknown: list[str] = []
    for key, value in _object(raw).items():
        found: dict[tuple[str, ...], Any] = {(key,): value}
        if (key,) in _GROUPS:
            inner = {} if value is None or value == "" else value
            if not isinstance(inner, dict):
                raise Refused(Sentence(gettext_noop("{option} must be a JSON object."), {"option": f"{NAME}.{key}"}))
            found = {(key, name): each for name, each in inner.items()}
        for path, each in found.items():
            if path in _AT:
                values[_AT[path]] = each
            else:
                unknown.append(".".join((NAME, *path)))
    return values, unknown


def _object(raw: Any) -> dict[str, Any]:
    """The object itself, with nothing in it that could not be kept or shown."""
    if raw is None or raw == "":
        return {}
    try:
        value = json.loads(raw, parse_constant=_no_number) if isinstance(raw, str) else raw
        if not isinstance(value, dict) or _deep(value):
            raise ValueError(raw)
        json.dumps(value, ensure_ascii=False).encode()  # halves of surrogate pairs, which only a text can bring here
    except (ValueError, RecursionError) as error:
        raise Refused(
            Sentence(gettext_noop("{option} must be a JSON object, or a text that holds one."), {"option": NAME})
        ) from error
    return value


def _no_number(written: str) -> NoReturn:
    raise ValueError(written)


def _deep(value: Any, left: int = MAX_DEPTH) -> bool:
    """Whether there is more inside than anybody means."""
    if not isinstance(value, (dict, list)):
        return False
    items = value.values() if isinstance(value, dict) else value
    return left == 0 or any(_deep(inner, left - 1) for inner in items)
