"""Whether a text of a legacy column fits the column of this version, and what is left of it when it does not.

Plain functions without a database: everything arrives as text, as the server shows it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import NoReturn

from distillation.management.adoption.columns import Kind, Rule
from distillation.models import QuarantineReason as Reason

Fit = tuple[str | None, Reason | None]
"""What the column may hold, and why that is not the value as it was."""
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}:\d{2}(\.\d{1,6})?)?")
_FIRST_YEAR = 1000
"""The first one that MySQL's datetime supports."""


def fit(rule: Rule, text: str | None) -> Fit:
    """The value for the column with the reason of a change; ``(None, reason)`` where nothing of it fits.

    A text that is too long for a column that must not be NULL is cut; whoever calls keeps the whole one.
    """
    if text is None:
        return None, None if rule.nullable else Reason.MISSING
    return _FITS[rule.kind](rule, text)


def _text(rule: Rule, text: str) -> Fit:
    if rule.characters is not None and len(text) > rule.characters:
        return (None if rule.nullable else text[: rule.characters]), Reason.TOO_LONG
    if rule.size is not None and len(text.encode()) > rule.size:
        return None, Reason.TOO_LONG
    return text, None


def _integer(rule: Rule, text: str) -> Fit:
    number = _number(text)
    if number is None or number != number.to_integral_value():
        return None, Reason.OUT_OF_RANGE
    if not -(2 ** (rule.bits - 1)) <= number < 2 ** (rule.bits - 1):
        return None, Reason.OUT_OF_RANGE
    return str(int(number)), None


def _decimal(rule: Rule, text: str) -> Fit:
    number = _number(text)
    if number is None or abs(number) >= Decimal(10) ** (rule.digits - rule.places):
        return None, Reason.OUT_OF_RANGE
    rounded = number.quantize(Decimal(1).scaleb(-rule.places))
    if abs(rounded) >= Decimal(10) ** (rule.digits - rule.places):
        return None, Reason.OUT_OF_RANGE
    return f"{rounded:f}", None if rounded == number else Reason.ROUNDED


def _moment(rule: Rule, text: str) -> Fit:
    text = text.strip()
    if not _MOMENT.fullmatch(text):
        return None, Reason.NO_DATE
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None, Reason.NO_DATE
    if moment.year < _FIRST_YEAR:
        return None, Reason.NO_DATE
    return moment.isoformat(" "), None


def _json(rule: Rule, text: str) -> Fit:
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None, Reason.NOT_JSON
    if not isinstance(value, rule.holds):
        return None, Reason.NOT_JSON
    return _text(rule, text)


_FITS: dict[Kind, Callable[[Rule, str], Fit]] = {
    Kind.TEXT: _text, Kind.INTEGER: _integer, Kind.DECIMAL: _decimal, Kind.MOMENT: _moment, Kind.JSON: _json,
}  # fmt: skip


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    # A text column may say 1E+999999, which nobody wants to write out.
    return number if number.is_finite() and abs(number.adjusted()) < 40 else None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
