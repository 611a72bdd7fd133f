"""Curves as pages draw them: arrays, smoothed over all points, then thinned to what a screen can show, with how many
points there are in truth.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any

from django.db import connection

from distillation.selectors.following import PointCursor, point_cursor
from distillation.selectors.smoothing import smoothed
from distillation.selectors.thinning import extremes

MOST_POINTS = 10_000
AXES = {"step": 0, "epoch": 1, "time": 2}
"""What a picture's x axis may be, and its place among the columns."""
_POINTS = "md_metric_point WHERE {where} ORDER BY name, arm, step"
_SUPERSEDED = "md_superseded_point WHERE {where} ORDER BY name, arm, attempt, step"
_AT_ONCE = 500
"""Rows: more would be kept long enough to be looked at by the garbage collector."""

_DIGITS = 5
"""Of a smoothed value: the eye sees three, and digits are bytes."""
_FEWEST = 10
"""Points of a superseded piece, however many pieces there are."""

Row = tuple[Any, ...]
"""What tells the curves of an answer apart (name, arm, both or nothing); step, epoch, time, value."""
Columns = tuple[list[Any], list[Any], list[Any], list[Any]]
"""Steps, epochs, times, values."""


def metrics(
    task: int,
    *,
    names: Sequence[str] = (),
    arm: str = "",
    after: PointCursor | None = None,
    now: PointCursor | None = None,
    most: int = 1000,
    x: str = "step",
    smoothing: float = 0.0,
    superseded: bool = False,
) -> dict[str, Any]:
    """The task's curves, or what was added to them behind a cursor; two queries, one when ``now`` is known.

    ``reset`` says that the cursor is of an earlier generation, so that the answer holds the whole curves.
    Each curve has at most ``most`` points; ``total`` is the number there are. Whole curves are smoothed with the weight
    ``smoothing``, over all their points. ``superseded`` adds what a resumed run took anew; a query more.
    """
    now = now or point_cursor(task)
    reset = after is not None and after.generation != now.generation
    where = "task_id = %s"
    values: list[Any] = [task]
    fixed = {"name": names[0]} if len(names) == 1 else {}
    if names:
        where += f" AND name IN ({', '.join(['%s'] * len(names))})"
        values += names
    if arm:
        fixed["arm"] = arm
        where += " AND arm = %s"
        values.append(arm)
    keys = [column for column in ("name", "arm") if column not in fixed]
    set_aside = _superseded(keys, fixed, where, values, most, AXES[x]) if superseded else None
    if after is not None and not reset:
        where += " AND id > %s AND id <= %s"
        values += [after.point, now.point]
        smoothing = 0.0
    series = [
        dict(zip(keys, curve, strict=True)) | fixed | _drawn(columns, most, AXES[x], smoothing)
        for curve, columns in _curves(_POINTS, keys, where, values).items()
    ]
    answer = {"cursor": str(now), "reset": reset, "series": series}
    return answer if set_aside is None else answer | {"superseded": set_aside}


def _superseded(
    keys: list[str], fixed: dict[str, str], where: str, values: list[Any], most: int, axis: int
) -> list[dict[str, Any]]:
    """A piece for each curve and attempt; faint beneath the curve, those of one share an eighth of ``most``."""
    keys = [*keys, "attempt"]
    pieces = _curves(_SUPERSEDED, keys, where, values)
    of_curve = Counter(piece[:-1] for piece in pieces)
    return [
        dict(zip(keys, piece, strict=True))
        | fixed
        | _drawn(columns, max(_FEWEST, most // 8 // of_curve[piece[:-1]]), axis)
        for piece, columns in pieces.items()
    ]


def _curves(source: str, keys: list[str], where: str, values: list[Any]) -> dict[Row, Columns]:
    """All points by curve.

    Hot: the ORM's way to tuples, and columns of text that say the same in every row, would double the cost of ten
    thousand points; keeping all rows until the columns are made, a third more.
    """
    columns = ", ".join([*keys, "step", "epoch", "time", "value"])
    curves: dict[Row, Columns] = {}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {source.format(where=where)}", values)  # noqa: S608 - names of ours
        while rows := cursor.fetchmany(_AT_ONCE):
            for part in _by_curve(rows, len(keys)):
                known = curves.setdefault(part[0][: len(keys)], ([], [], [], []))
                for column, more in zip(known, list(zip(*part, strict=True))[len(keys) :], strict=True):
                    column.extend(more)
    return curves


def _by_curve(rows: Sequence[Row], keys: int) -> Iterator[Sequence[Row]]:
    """The rows of each curve; a look at every row to find the borders would cost as much as reading it."""
    begin = 0
    while begin < len(rows):
        curve = rows[begin][:keys]
        end = bisect_left(rows, True, begin, key=lambda row, curve=curve: row[:keys] != curve)  # type: ignore[misc]
        yield rows[begin:end]
        begin = end


def _drawn(columns: Columns, most: int, axis: int, smoothing: float = 0.0) -> dict[str, Any]:
    total = len(columns[0])
    shown: Sequence[Sequence[Any]] = columns
    means = smoothed(columns[-1], smoothing) if smoothing else []
    kept_means = means
    if total > most:
        kept = itemgetter(*extremes(columns[axis], columns[-1], most))
        shown = [kept(column) for column in columns]
        kept_means = kept(means) if means else means
    steps, epochs, times, values = shown
    drawn = {"total": total, "steps": steps, "epochs": epochs, "times": times, "values": values}
    return drawn | _smooth(means, kept_means) if means else drawn


def _smooth(means: Sequence[float | None], kept: Sequence[float | None]) -> dict[str, Any]:
    """The kept means, and the average of all points as it stands: from there it can be continued."""
    last = next((mean for mean in reversed(means) if mean is not None), None)
    return {
        "smooth": [None if mean is None else float(f"{mean:.{_DIGITS}g}") for mean in kept],
        "average": {"points": len(means) - means.count(None), "value": last},
    }
