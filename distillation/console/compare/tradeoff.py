"""Accuracy against size and against latency: who is on the front, where nothing else is both better and cheaper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from django.utils.translation import gettext as _

from distillation.admin import figures
from distillation.admin.level_figures import LevelFigures
from distillation.admin.metric_names import metric
from distillation.console.compare import picture
from distillation.console.compare.measured import Ground, Measured, described, grounds
from distillation.console.compare.picture import Point

Cost = Literal["size", "latency"]
COSTS: tuple[Cost, ...] = ("size", "latency")


@dataclass(frozen=True, slots=True)
class Tradeoff:
    """One picture with its words."""

    title: str
    about: str
    """What everything in it was measured on."""
    picture: picture.Picture
    told: list[str]
    """The same in words, a sentence a point."""
    left_out: str


def pictures(rows: list[Measured]) -> list[Tradeoff]:
    """A picture a cost for each ground with at least two points."""
    found = (_tradeoff(ground, group, cost) for ground, group in grounds(rows).items() for cost in COSTS)
    return [each for each in found if each is not None]


def with_front(points: Sequence[Point]) -> list[Point]:
    """The points, from cheap to dear, with those marked that nothing beats in one and at least equals in the other."""
    ordered = sorted(points, key=lambda point: (point.x, -point.y))
    return [replace(point, front=not any(_beats(other, point) for other in points)) for point in ordered]


def _beats(other: Point, point: Point) -> bool:
    return other.x <= point.x and other.y >= point.y and (other.x, other.y) != (point.x, point.y)


def _tradeoff(ground: Ground, rows: list[Measured], cost: Cost) -> Tradeoff | None:
    machine = _usual_machine(rows) if cost == "latency" else None
    points = [point for row in rows if (point := _point(row, row.student, cost, machine)) is not None]
    shown = {point.letter for point in points}
    points += _teachers(rows, cost, machine)
    if len(points) < 2:
        return None
    points = with_front(points)
    style = figures.size if cost == "size" else figures.milliseconds
    name = metric(rows[0].one.task)
    title = _("%(metric)s against size") if cost == "size" else _("%(metric)s against latency")
    return Tradeoff(
        title=title % {"metric": name},
        about=" · ".join(part for part in (described(ground, rows), machine) if part),
        picture=picture.drawn(points, style),
        told=[_told(point, style) for point in points],
        left_out=_left_out([row.one.letter for row in rows if row.one.letter not in shown], cost),
    )


def _usual_machine(rows: list[Measured]) -> str:
    """Where most of the students were timed: times of different machines are not compared."""
    machines = Counter(row.student.machine for row in rows if row.student.latency is not None)
    return machines.most_common(1)[0][0] if machines else ""


def _point(row: Measured, level: LevelFigures, cost: Cost, machine: str | None) -> Point | None:
    price = level.size if cost == "size" else level.latency
    if price is None or price <= 0 or level.accuracy is None:
        return None
    if machine is not None and level.machine != machine:
        return None
    one = row.one
    return Point(price, level.accuracy, one.letter, one.task.task_name, one.letter, one.colour, one.dash)


def _teachers(rows: list[Measured], cost: Cost, machine: str | None) -> list[Point]:
    """Each teacher once, however many tasks it taught."""
    found: dict[tuple[float, float, str], Point] = {}
    for row in rows:
        point = _point(row, row.teacher, cost, machine)
        if point is not None:
            name = row.teacher_name
            short = f"{name[:17]}…" if len(name) > 18 else name
            teacher = replace(point, letter="", name=name, label=short, colour=None, dash="solid")
            found.setdefault((point.x, point.y, name), teacher)
    return list(found.values())


def _told(point: Point, style: picture.Style) -> str:
    who = f"{point.letter} {point.name}" if point.letter else _("Teacher %(name)s") % {"name": point.name}
    said = f"{who}: {figures.percent(point.y)}, {style(point.x)}"
    return _("%(point)s; on the front") % {"point": said} if point.front else said


def _left_out(letters: list[str], cost: Cost) -> str:
    if not letters:
        return ""
    if cost == "size":
        text = _("Not in the picture, as the evaluation does not tell accuracy and size: %(tasks)s.")
    else:
        text = _("Not in the picture, as no latency was measured on this machine: %(tasks)s.")
    return text % {"tasks": ", ".join(letters)}
