"""How a value of a request may be written, for the schema: what ``contract.request_values`` reads, no more, no less.

Clients send numbers as text too, and a cleared field as null or as an empty text.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.drainage import set_override
from rest_framework import serializers

from distillation.contract.option import Option

MOST = 10**18 - 1
"""The largest whole number that a query parameter takes."""
COUNT = {"type": "integer", "minimum": 1, "maximum": MOST}
CURSOR = {"type": "integer", "minimum": 0, "maximum": MOST}
PERCENT = {"type": "number", "minimum": 0, "maximum": 100}

_CONTROLS = r"\u0000-\u0008\u000b-\u001f\u007f-\u009f"
_PLAIN, _WITHOUT_COMMA = f"[^{_CONTROLS}]", f"[^,{_CONTROLS}]"
_MORE_NAMES = rf"(,{_WITHOUT_COMMA}*[^,\s{_CONTROLS}]{_WITHOUT_COMMA}*)"
PLAIN_TEXT = f"^{_PLAIN}*$"
_NUMBER_AS_TEXT = {
    "type": "string",
    "maxLength": 50,
    "pattern": r"^$|^ *[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)? *$",
}
_FLAGS = [
    {"type": "boolean"},
    {"type": "integer", "enum": [0, 1]},
    {"type": "string", "pattern": "^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|0|1)?$"},
]


def figure(most: float) -> dict[str, Any]:
    """A figure that may be negative."""
    return {"type": "number", "minimum": -most, "maximum": most}


def number(limits: dict[str, Any]) -> dict[str, Any]:
    """A number of this schema, or the same as text."""
    return {"anyOf": [limits, _NUMBER_AS_TEXT]}


def text(most: int | None = None) -> dict[str, Any]:
    """A text without control characters other than tab and new line."""
    return {"type": "string", "pattern": PLAIN_TEXT, **_given({"maxLength": most})}


def path_text(most: int) -> dict[str, Any]:
    """A path or an address: a text in one line."""
    return {"type": "string", "pattern": r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$", "maxLength": most}


def choice(values: list[str]) -> dict[str, Any]:
    """One of the words, or none."""
    return {"type": "string", "anyOf": [{"enum": values}, {"maxLength": 0}]}


def words(values: list[str], around: str = " *") -> dict[str, Any]:
    """Some of the words, with commas and perhaps spaces."""
    one = f"{around}({'|'.join(values)}){around}"
    return {"type": "string", "pattern": f"^({one}(,{one})*)?$"}


def flag() -> dict[str, Any]:
    """True or false."""
    return {"anyOf": _FLAGS}


def names() -> dict[str, Any]:
    """Names of modules: an array, a text that holds one, or names with commas."""
    return {
        "anyOf": [
            {"type": "array", "items": {"type": "string", "pattern": rf"^{_PLAIN}*[^\s{_CONTROLS}]{_PLAIN}*$"}},
            {"type": "string", "pattern": rf"^([^,\[{{\"\s{_CONTROLS}]{_WITHOUT_COMMA}*{_MORE_NAMES}*)?$"},
            {"type": "string", "format": "json-array-of-names"},
        ]
    }


def integers(limits: dict[str, Any], most: int | None) -> dict[str, Any]:
    """Distinct whole numbers: an array, a text that holds one, or numbers with commas."""
    array = {"type": "array", "items": {"type": "integer", **limits}, "uniqueItems": True}
    return {
        "anyOf": [
            array | _given({"maxItems": most}),
            {"type": "string", "format": "integers-between-commas"},
            {"type": "string", "format": "json-array-of-integers"},
        ]
    }


def of_option(option: Option) -> dict[str, Any]:
    """What the option takes. In direct training also the zero that clients send for what only a teacher needs."""
    if option.kind == "boolean":
        return flag()
    if option.kind == "text":
        return _of_text(option)
    if option.kind == "list":
        listed = names()
        if option.false_too:
            listed["anyOf"].append({"enum": [False]})
        return listed
    if option.kind == "integers":
        return integers(_given({"minimum": option.minimum, "maximum": option.maximum}), option.max_items)
    step = None if option.decimals is None else 10.0**-option.decimals
    limits = {"minimum": option.minimum, "maximum": option.maximum, "multipleOf": step}
    schema = number({"type": option.kind, **_given(limits)})
    if (option.zero_in_direct or not option.direct) and option.minimum:
        schema["anyOf"].append({"enum": [0]})
    return schema


def _of_text(option: Option) -> dict[str, Any]:
    if option.choices:
        return choice(list(option.choices))
    words = text(option.max_length)
    return {"anyOf": [words, {"type": "integer"}]} if option.number_too else words


def _given(limits: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in limits.items() if value is not None}


class SentField(serializers.Field):  # type: ignore[type-arg]
    """A field of a request body, by its schema; it may be left out, and null or empty is the same as that."""

    def __init__(self, schema: dict[str, Any], **options: Any) -> None:
        super().__init__(**{"required": False, "allow_null": True, **options})
        set_override(self, "field", schema)
