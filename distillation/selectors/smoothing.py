"""Smoothed curves: the exponential moving average without its pull towards the beginning."""

from __future__ import annotations

from collections.abc import Sequence

MOST_WEIGHT = 0.99
"""The largest weight: a mean of about a hundred points."""


def smoothed(values: Sequence[float | None], weight: float) -> list[float | None]:
    """Debiased: each mean is divided by the weights it consists of (Kingma and Ba 2015, section 3).

    ``weight`` of what came before is 0 to below 1. A point without a value stays a gap and changes nothing.
    """
    mean = scale = 0.0
    new = 1.0 - weight
    found: list[float | None] = []
    for value in values:
        if value is None:
            found.append(None)
            continue
        mean = weight * mean + new * value
        scale = weight * scale + new
        found.append(mean / scale)
    return found
