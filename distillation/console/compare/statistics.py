"""Means over seeds, and differences of pairs: what can be said of them, and when nothing can."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ENOUGH = 3
"""Pairs from which an interval says anything; with two it is wider than any difference that people look at."""
_T = (
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281, 2.2010, 2.1788, 2.1604, 2.1448,
    2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484,
    2.0452, 2.0423,
)  # fmt: skip
"""Student's t, 97.5 %, for 1 to 30 degrees of freedom; beyond, the last is a little too careful."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Of one figure over the seeds."""

    n: int
    mean: float
    deviation: float | None
    """Of a sample (n - 1); None for a single value."""


@dataclass(frozen=True, slots=True)
class Paired:
    """Differences with the same seed."""

    spread: Spread
    low: float | None
    """The 95 % interval of the mean difference (paired t); None below ENOUGH pairs."""
    high: float | None

    @property
    def told(self) -> bool:
        """Whether the difference is more than chance explains."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def spread(values: Sequence[float]) -> Spread | None:
    """None where there is no value."""
    if not values:
        return None
    return Spread(len(values), statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None)


def paired(ours: Mapping[int, float], theirs: Mapping[int, float]) -> Paired | None:
    """Theirs less ours over the seeds that both have, by seed; None where there is none."""
    found = spread([theirs[seed] - ours[seed] for seed in ours if seed in theirs])
    if found is None:
        return None
    if found.n < ENOUGH or found.deviation is None:
        return Paired(found, None, None)
    reach = _T[min(found.n - 1, len(_T)) - 1] * found.deviation / math.sqrt(found.n)
    return Paired(found, found.mean - reach, found.mean + reach)
