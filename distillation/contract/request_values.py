"""Reading one value of a request: type, limits, digits and choices of its option."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from distillation.contract.option import Option
from distillation.contract.sentence import Refused, Sentence, gettext_noop

MAX_EXPONENT = 30
"""Numbers with more digits before the point are not figures that anybody means."""
MIN_EXPONENT = -330
"""Smaller than every float; a loss may come close to zero."""
_NUMBER_AS_TEXT = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
MAX_NUMBER_AS_TEXT = 50
_BEGINS_LIKE_JSON = ("[", "{", '"')


def read_value(option: Option, raw: Any, *, direct: bool = False) -> Any:
    """The value in its Python type (int, float, bool, str, a list of one kind). Raises Refused with what is allowed.

    In direct mode clients send zeros for what only a teacher needs; these pass below the minimum.
    """
    if option.kind == "text":
        return _text(option, raw)
    if option.kind == "boolean":
        return _boolean(option, raw)
    if option.kind == "list":
        return _names(option, raw)
    if option.kind == "integers":
        return _integers(option, raw)
    number = _number(option, 0 if option.auto and raw == "auto" else raw)
    if direct and (option.zero_in_direct or not option.direct) and number == 0:
        return 0 if option.kind == "integer" else 0.0
    _check_limits(option, number)
    return int(number) if option.kind == "integer" else float(number)


def _text(option: Option, raw: Any) -> str:
    if option.number_too and isinstance(raw, int) and not isinstance(raw, bool):
        raw = str(raw)
    if not isinstance(raw, str):
        raise Refused(Sentence(gettext_noop("{option} must be a text."), {"option": option.name}))
    text = unicodedata.normalize("NFC", raw).strip()
    if any(unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t" for character in text):
        raise Refused(Sentence(gettext_noop("{option} contains control characters."), {"option": option.name}))
    if option.max_length is not None and len(text) > option.max_length:
        raise Refused(
            Sentence(
                gettext_noop("{option} has {length} characters; at most {limit} are kept."),
                {"option": option.name, "length": len(text), "limit": option.max_length},
            )
        )
    if option.choices and text:
        return _choice(option, text)
    return text


def _choice(option: Option, text: str) -> str:
    if text in option.choices:
        return text
    template = gettext_noop("{option} cannot be {value}; available: {available}.")
    raise Refused(Sentence(template, {"option": option.name, "value": text, "available": ", ".join(option.choices)}))


def _boolean(option: Option, raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in ("true", "false", "1", "0"):
        return raw.lower() in ("true", "1")
    if raw in (0, 1):
        return bool(raw)
    raise Refused(Sentence(gettext_noop("{option} must be true or false."), {"option": option.name}))


def _names(option: Option, raw: Any) -> list[str]:
    """Names from an array, a JSON text that holds one, or names with commas."""
    wrong = Refused(Sentence(gettext_noop("{option} must be a list of names between commas."), {"option": option.name}))
    found = [] if option.false_too and raw is False else _listed(raw)
    if found is None or not all(isinstance(name, str) and name.strip() for name in found):
        raise wrong
    names = [_text(replace(option, max_length=None), name) for name in found]
    length = len(json.dumps(names, ensure_ascii=False))
    if option.max_length is not None and length > option.max_length:
        raise Refused(
            Sentence(
                gettext_noop("{option} has {length} characters; at most {limit} are kept."),
                {"option": option.name, "length": length, "limit": option.max_length},
            )
        )
    return names


def _integers(option: Option, raw: Any) -> list[int]:
    """Distinct whole numbers from an array, a JSON text that holds one, or numbers with commas."""
    found = _listed(raw)
    between_commas = isinstance(raw, str) and not raw.lstrip().startswith(_BEGINS_LIKE_JSON)
    if found is None or not (between_commas or all(isinstance(each, (int, float)) for each in found)):
        wrong = gettext_noop("{option} must be a list of whole numbers between commas.")
        raise Refused(Sentence(wrong, {"option": option.name}))
    if option.max_items is not None and len(found) > option.max_items:
        many = gettext_noop("{option} has {count} numbers; at most {limit} are taken.")
        raise Refused(Sentence(many, {"option": option.name, "count": len(found), "limit": option.max_items}))
    whole = replace(option, kind="integer")
    numbers = [read_value(whole, each.strip() if between_commas else each) for each in found]
    twice = next((number for place, number in enumerate(numbers) if number in numbers[:place]), None)
    if twice is not None:
        raise Refused(Sentence(gettext_noop("{option} lists {value} twice."), {"option": option.name, "value": twice}))
    return numbers


def _listed(raw: Any) -> list[Any] | None:
    """What is listed, not looked at yet; None for what is no list."""
    if isinstance(raw, str):
        try:
            raw = json.loads(raw) if raw.lstrip().startswith(_BEGINS_LIKE_JSON) else raw.split(",")
        except (ValueError, RecursionError):
            return None
    return raw if isinstance(raw, list) else None


def _number(option: Option, raw: Any) -> Decimal:
    template = (
        gettext_noop("{option} must be a whole number, not {value}.")
        if option.kind == "integer"
        else gettext_noop("{option} must be a number, not {value}.")
    )
    wrong = Refused(Sentence(template, {"option": option.name, "value": str(raw)[:50]}))
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str, Decimal)):
        raise wrong
    if isinstance(raw, float) and not math.isfinite(raw):
        raise wrong
    if isinstance(raw, str) and (len(raw) > MAX_NUMBER_AS_TEXT or not _NUMBER_AS_TEXT.fullmatch(raw.strip())):
        raise wrong
    try:
        number = Decimal(str(raw))
    except InvalidOperation as error:
        raise wrong from error
    # 1e999999999 is finite but would be printed with a billion digits.
    if not number.is_finite() or not MIN_EXPONENT <= number.adjusted() <= MAX_EXPONENT:
        raise wrong
    if option.kind == "integer" and number != number.to_integral_value():
        raise wrong
    return number


def _check_limits(option: Option, number: Decimal) -> None:
    low, high = option.minimum, option.maximum
    if (low is not None and number < Decimal(str(low))) or (high is not None and number > Decimal(str(high))):
        raise Refused(
            Sentence(
                gettext_noop("{option} is {value}; it must lie between {minimum} and {maximum}."),
                {"option": option.name, "value": _plain(number), "minimum": _plain(low), "maximum": _plain(high)},
            )
        )
    if option.decimals is not None and number != round(number, option.decimals):
        raise Refused(
            Sentence(
                gettext_noop("{option} is {value}; at most {decimals} decimals are kept."),
                {"option": option.name, "value": _plain(number), "decimals": option.decimals},
            )
        )


def _plain(number: Decimal | float | None) -> str:
    """No exponent and no trailing zeros: 0.00000001 rather than 1E-8."""
    if number is None:
        return "–"
    exact = Decimal(str(number))
    if exact.adjusted() < -MAX_EXPONENT:
        return str(exact)
    text = f"{exact:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
