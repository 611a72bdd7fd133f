"""The order of classes that are known by their names alone."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WHOLE = re.compile(r"-?[0-9]{1,18}")


def ordered(names: Iterable[str]) -> tuple[str, ...]:
    """Every name once: by value when all are whole numbers (2 before 10), else in the order of their characters."""
    every = set(names)
    if all(_WHOLE.fullmatch(name) for name in every):
        return tuple(sorted(every, key=lambda name: (int(name), name)))
    return tuple(sorted(every))
