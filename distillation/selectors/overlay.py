"""One curve of several tasks over one another: a single read, smoothed over all points, then thinned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from distillation.selectors.smoothing import smoothed
from distillation.selectors.thinning import extremes

Axis = Literal["step", "epoch", "time"]
AXES: tuple[Axis, ...] = ("step", "epoch", "time")
MOST_READ = 1_000_000
"""Points of one picture, such as twenty tasks with 50,000 each."""
_TASK, _STEP, _EPOCH, _VALUE, _TIME = range(5)
_QUERY = (
    "SELECT task_id, step, epoch, value{time} FROM md_metric_point "
    "WHERE task_id IN ({places}) AND name = %s AND arm = %s ORDER BY task_id, step LIMIT %s"
)

Column = NDArray[np.float64]


class TooMany(Exception):  # noqa: N818 - an answer, not an error of the program
    """The curves together have more points than are read at once."""


@dataclass(frozen=True, slots=True)
class Overlaid:
    """One task's curve, ready to draw."""

    total: int
    """Points there are; the lists hold at most as many as were asked for."""
    x: list[float | None]
    """Steps, epochs (with the way through the epoch as its fraction) or seconds since the curve's first point."""
    values: list[float | None]
    smooth: list[float | None]
    """Empty where nothing was to be smoothed."""
    steps: list[int]
    epochs: list[int | None]


def overlay(
    tasks: Sequence[int], name: str, arm: str, *, x: Axis = "step", smoothing: float = 0.0, most: int = 1000
) -> dict[int, Overlaid]:
    """By primary key, for the tasks that have the curve; one query. Raises TooMany."""
    if not tasks:
        return {}
    query = _QUERY.format(places=", ".join(["%s"] * len(tasks)), time=", time" if x == "time" else "")
    with connection.cursor() as cursor:
        cursor.execute(query, [*tasks, name, arm, MOST_READ + 1])
        # NaN where there is none. Hot: a million rows as Python's own objects would take seconds.
        numbers = np.fromiter(chain.from_iterable(cursor), dtype=np.float64)
    points = numbers.reshape(-1, 5 if x == "time" else 4)
    if len(points) > MOST_READ:
        raise TooMany
    borders = np.flatnonzero(np.diff(points[:, _TASK])) + 1
    return {
        int(curve[0, _TASK]): _drawn(curve, x, smoothing, most) for curve in np.split(points, borders) if len(curve)
    }


def _drawn(points: NDArray[np.float64], axis: Axis, smoothing: float, most: int) -> Overlaid:
    values = points[:, _VALUE]
    places = points[:, _STEP]
    if axis == "epoch":
        places = _within_epochs(points[:, _EPOCH])
    elif axis == "time":
        places = _elapsed(points[:, _TIME])
    kept = extremes(places, values, most)
    smooth = smoothed(_known(values), smoothing) if smoothing > 0 else []
    return Overlaid(
        total=len(points),
        x=_known(places[kept]),
        values=_known(values[kept]),
        smooth=[smooth[index] for index in kept] if smooth else [],
        steps=points[kept, _STEP].astype(np.int64).tolist(),
        epochs=[None if epoch is None else int(epoch) for epoch in _known(points[kept, _EPOCH])],
    )


def _known(numbers: Column) -> list[float | None]:
    """None in the place of NaN, which JSON has no word for."""
    if not np.isnan(numbers).any():
        return numbers.tolist()  # type: ignore[no-any-return]
    return [None if np.isnan(number) else number for number in numbers.tolist()]


def _elapsed(times: Column) -> Column:
    known = times[~np.isnan(times)]
    return times - known[0] if len(known) else times


def _within_epochs(epochs: Column) -> Column:
    """Epochs as the points' places: the last point of epoch 3 stands at 3, those before it on the way from 2."""
    begins = np.concatenate(([0], np.flatnonzero(np.diff(np.nan_to_num(epochs, nan=-1.0))) + 1))
    lengths = np.diff(np.concatenate((begins, [len(epochs)])))
    rank = np.arange(len(epochs)) - np.repeat(begins, lengths) + 1
    sizes = lengths.copy()
    sizes[-1] = lengths.max()  # the last epoch may still be under way: it is as long as the longest
    places: Column = epochs - 1 + rank / np.repeat(sizes, lengths)
    return places
