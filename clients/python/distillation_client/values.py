"""What a script hands over, in the form that the platform takes."""

from __future__ import annotations

import functools
import logging
import math
import re
import traceback
from typing import Any

LONGEST_ERROR = 2000
LONGEST_NAME = 64
RANGES = {
    **dict.fromkeys(("trainLoss", "valLoss", "distillLoss", "hardLoss", "softLoss"), (-9999.999999, 9999.999999)),
    **dict.fromkeys(("memoryUsage", "epochTime"), (-99999999.99, 99999999.99)),
    **dict.fromkeys(("trainAccuracy", "valAccuracy", "gpuUsage", "accuracy"), (0.0, 100.0)),
}
"""What the platform takes of an epoch's figures; another one would be refused with the whole report."""
log = logging.getLogger("distillation_client")
_complained: set[str] = set()
"""Names of figures that were no numbers: one warning each is enough."""


def known(values: dict[str, Any]) -> dict[str, Any]:
    """Without what is None."""
    return {name: value for name, value in values.items() if value is not None}


def figure(name: str, value: Any) -> float | None:
    """The number (of a tensor or an array with one element, too); None for what is not finite or no number."""
    if value is None:
        return None
    try:
        number = float(value)
    except Exception as error:  # noqa: BLE001 - whatever a foreign type raises
        if name not in _complained:
            _complained.add(name)
            log.warning("%s is left out: it is no number (%s).", name, error)
        return None
    return number if math.isfinite(number) else None


def recorded(name: str, value: Any) -> float | None:
    """A figure of an epoch; one that the platform refuses is sent as the nearest that it takes, with one warning."""
    number = figure(name, value)
    if number is None:
        return None
    low, high = RANGES[name]
    nearest = min(max(number, low), high)
    if nearest != number and name not in _complained:
        _complained.add(name)
        log.warning("%s is %g; the platform takes %s to %s, so %s is sent.", name, number, low, high, nearest)
    return nearest


@functools.lru_cache(maxsize=1000)
def curve(name: Any) -> str:
    """The name with what the platform takes: letters, digits, spaces and . / : @ + - _, a letter or digit first."""
    cleaned = re.sub(r"[^\w ./:@+-]", "_", str(name).strip())
    return (cleaned if re.match(r"\w", cleaned) else f"_{cleaned}")[:LONGEST_NAME].strip()


def message(error: BaseException | str | None) -> str:
    """The last line of the traceback."""
    if isinstance(error, KeyboardInterrupt):
        text = "KeyboardInterrupt: somebody interrupted the script (Ctrl-C)"
    elif isinstance(error, BaseException):
        text = "".join(traceback.format_exception_only(type(error), error)).strip()
        text = text.splitlines()[-1] if text else type(error).__name__
    else:
        text = str(error)
    return "".join(character if character.isprintable() else " " for character in text)[:LONGEST_ERROR]
