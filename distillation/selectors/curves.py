"""Curves as pages draw them: arrays, thinned to what a screen can show, with how many points there are in truth."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any

from django.db import connection

from distillation.selectors.following import PointCursor, point_cursor
from distillation.selectors.thinning import extremes

MOST_POINTS = 10_000
AXES = {"step": 0, "epoch": 1, "time": 2}
"""What a picture's x axis may be, and its place among the columns."""
_AT_ONCE = 500
"""Rows: more would be kept long enough to be looked at by the garbage collector."""

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
) -> dict[str, Any]:
    """The task's curves, or what was added to them behind a cursor; two queries, one when ``now`` is known.

    ``reset`` says that the cursor is of an earlier generation, so that the answer holds the whole curves.
    Each curve has at most ``most`` points; ``total`` is the number there are.
    """
    now = now or point_cursor(task)
    reset = after is not None and after.generation != now.generation
    where = "task_id = %s"
    values: list[Any] = [task]
    if after is not None and not reset:
        where += " AND id > %s AND id <= %s"
        values += [after.point, now.point]
    fixed = {"name": names[0]} if len(names) == 1 else {}
    if names:
        where += f" AND name IN ({', '.join(['%s'] * len(names))})"
        values += names
    if arm:
        fixed["arm"] = arm
        where += " AND arm = %s"
        values.append(arm)
    keys = [column for column in ("name", "arm") if column not in fixed]
    series = [
        dict(zip(keys, curve, strict=True)) | fixed | _drawn(columns, most, AXES[x])
        for curve, columns in _curves(keys, where, values).items()
    ]
    return {"cursor": str(now), "reset": reset, "series": series}


def _curves(keys: list[str], where: str, values: list[Any]) -> dict[Row, Columns]:
    """All points by curve.

    Hot: the ORM's way to tuples, and columns of text that say the same in every row, would double the cost of ten
    thousand points; keeping all rows until the columns are made, a third more.
    """
    columns = ", ".join([*keys, "step", "epoch", "time", "value"])
    curves: dict[Row, Columns] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM md_metric_point WHERE {where} ORDER BY name, arm, step",  # noqa: S608 - names of ours
            values,
        )
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


def _drawn(columns: Columns, most: int, axis: int) -> dict[str, Any]:
    total = len(columns[0])
    shown: Sequence[Sequence[Any]] = columns
    if total > most:
        kept = itemgetter(*extremes(columns[axis], columns[-1], most))
        shown = [kept(column) for column in columns]
    steps, epochs, times, values = shown
    return {"total": total, "steps": steps, "epochs": epochs, "times": times, "values": values}
