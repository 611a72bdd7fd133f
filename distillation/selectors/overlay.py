"""One curve of several tasks over one another: a single read, smoothed over all points, then thinned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from distillation.selectors.smoothing import smoothed
from distillation.selectors.thinning import extremes

Axis = Literal["step", "epoch", "time"]
AXES: tuple[Axis, ...] = ("step", "epoch", "time")
MOST_READ = 1_000_000
"""Points of one picture, such as twenty tasks with 50,000 each."""
_AT_ONCE = 20_000
_STEP, _EPOCH, _TIME, _VALUE = 1, 2, 3, 4
_QUERY = (
    "SELECT task_id, step, epoch, time, value FROM md_metric_point "
    "WHERE task_id IN ({places}) AND name = %s AND arm = %s ORDER BY task_id, step LIMIT %s"
)

Row = tuple[Any, ...]


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
    query = _QUERY.format(places=", ".join(["%s"] * len(tasks)))
    found: dict[int, Overlaid] = {}
    read = 0
    with connection.cursor() as cursor:
        cursor.execute(query, [*tasks, name, arm, MOST_READ + 1])
        for task, rows in groupby(_stream(cursor), itemgetter(0)):
            points = list(rows)
            read += len(points)
            if read > MOST_READ:
                raise TooMany
            found[task] = _drawn(points, x, smoothing, most)
    return found


def _stream(cursor: Any) -> Iterator[Row]:
    """Row by row, so that one curve at a time is in memory."""
    while rows := cursor.fetchmany(_AT_ONCE):
        yield from rows


def _drawn(points: list[Row], axis: Axis, smoothing: float, most: int) -> Overlaid:
    _tasks, steps, epochs, times, values = zip(*points, strict=True)
    places: Sequence[float | None] = steps
    if axis == "epoch":
        places = _within_epochs(epochs)
    elif axis == "time":
        places = _elapsed(times)
    smooth = smoothed(values, smoothing) if smoothing > 0 else []
    kept = extremes(places, values, most)
    return Overlaid(
        total=len(points),
        x=[places[index] for index in kept],
        values=[values[index] for index in kept],
        smooth=[smooth[index] for index in kept] if smooth else [],
        steps=[steps[index] for index in kept],
        epochs=[epochs[index] for index in kept],
    )


def _elapsed(times: Sequence[float | None]) -> list[float | None]:
    first = next((at for at in times if at is not None), 0.0)
    return [None if at is None else at - first for at in times]


def _within_epochs(epochs: Sequence[int | None]) -> list[float | None]:
    """Epochs as the points' places: the last point of epoch 3 stands at 3, those before it on the way from 2."""
    numbers: NDArray[np.float64] = np.array(epochs, dtype=np.float64)
    borders = np.flatnonzero(np.diff(np.nan_to_num(numbers, nan=-1.0))) + 1
    begins = np.concatenate(([0], borders))
    lengths = np.diff(np.concatenate((begins, [len(numbers)])))
    rank = np.arange(len(numbers)) - np.repeat(begins, lengths) + 1
    sizes = lengths.copy()
    sizes[-1] = lengths.max()  # the last epoch may still be under way: it is as long as the longest
    places = numbers - 1 + rank / np.repeat(sizes, lengths)
    return [None if np.isnan(place) else float(place) for place in places]
