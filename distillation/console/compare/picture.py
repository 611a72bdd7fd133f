"""A scatter picture with a front as an SVG: where points, ticks and labels go, so that no label covers another."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 560, 330
LEFT, RIGHT, TOP, BOTTOM = 62, 18, 16, 40
RADIUS = 5
LINE = 14
"""Height of a label."""
WIDE, NARROW = 12, 7
"""Widths of a Chinese and of another character, on the safe side."""
LOG_FROM = 8
"""The x axis is logarithmic where the dearest costs so many times what the cheapest does."""

Style = Callable[[float | None], str]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Point:
    """What costs ``x`` and reaches ``y`` percent."""

    x: float
    y: float
    letter: str
    """Of the task; empty for a teacher."""
    name: str
    label: str
    colour: int | None
    """Place in the palette; None for a teacher, which is grey."""
    dash: str
    front: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A point in pixels, with its label."""

    point: Point
    x: float
    y: float
    label_x: float
    label_y: float
    anchor: str

    @property
    def diamond(self) -> str:
        """The corners of a teacher's mark."""
        corners = ((0, -RADIUS - 1), (RADIUS + 1, 0), (0, RADIUS + 1), (-RADIUS - 1, 0))
        return " ".join(f"{self.x + right:.1f},{self.y + down:.1f}" for right, down in corners)


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that the template writes."""

    points: list[Placed]
    front: str
    """The front as the points of a polyline; empty for a single one."""
    across: list[Tick]
    up: list[Tick]
    logarithmic: bool
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def drawn(points: Sequence[Point], style: Style) -> Picture:
    """The picture of at least one point, with every x above zero."""
    xs, ys = [point.x for point in points], [point.y for point in points]
    logarithmic = max(xs) / min(xs) > LOG_FROM
    low, high = _padded(*((math.log10(min(xs)), math.log10(max(xs))) if logarithmic else (min(xs), max(xs))))
    bottom, top = _padded(min(ys), max(ys))

    def across(x: float) -> float:
        place = math.log10(x) if logarithmic else x
        return round(LEFT + (place - low) / (high - low) * (WIDTH - LEFT - RIGHT), 1)

    def up(y: float) -> float:
        return round(HEIGHT - BOTTOM - (y - bottom) / (top - bottom) * (HEIGHT - TOP - BOTTOM), 1)

    ticks = _powers(low, high) if logarithmic else _round_numbers(low, high, 5)
    return Picture(
        points=_labelled([(point, across(point.x), up(point.y)) for point in points]),
        front=_steps([(across(point.x), up(point.y)) for point in points if point.front]),
        across=[Tick(across(x), style(x)) for x in ticks if x > 0],
        up=[Tick(up(y), f"{y:g} %") for y in _round_numbers(bottom, top, 5)],
        logarithmic=logarithmic,
    )


def _padded(low: float, high: float) -> tuple[float, float]:
    room = (high - low) * 0.12 or max(abs(high) * 0.05, 0.1)
    return low - room, high + room


def _round_numbers(low: float, high: float, about: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / about
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first = math.ceil(low / step)
    return [round(number * step, 10) for number in range(first, math.floor(high / step) + 1)]


def _powers(low: float, high: float) -> list[float]:
    """Powers of ten between two logarithms, with what lies between them where they are few."""
    for factors in ((1,), (1, 3), (1, 2, 5)):
        exponents = range(math.floor(low), math.ceil(high) + 1)
        found = [factor * 10.0**exponent for exponent in exponents for factor in factors]
        found = [number for number in found if low <= math.log10(number) <= high]
        if len(found) >= 3:
            break
    return found[:: math.ceil(len(found) / 6) or 1]


def _steps(front: list[tuple[float, float]]) -> str:
    """Along to the next one's cost, then up to what it reaches."""
    places: list[tuple[float, float]] = []
    for x, y in front:
        if places:
            places.append((x, places[-1][1]))
        places.append((x, y))
    return " ".join(f"{x},{y}" for x, y in places) if len(front) > 1 else ""


def _labelled(points: list[tuple[Point, float, float]]) -> list[Placed]:
    """Each label beside its point where nothing else is yet; what is on the front chooses first."""
    taken: list[Box] = [(x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS) for _point, x, y in points]
    placed = {}
    for index in sorted(range(len(points)), key=lambda index: not points[index][0].front):
        point, x, y = points[index]
        width = _width(point.label)
        choices = list(_choices(x, y, width))
        free = next((choice for choice in choices if not any(_overlap(choice[3], box) for box in taken)), choices[0])
        label_x, label_y, anchor, box = free
        taken.append(box)
        placed[index] = Placed(point, x, y, label_x, label_y, anchor)
    return [placed[index] for index in range(len(points))]


def _choices(x: float, y: float, width: float) -> Iterator[tuple[float, float, str, Box]]:
    """Places of a label around a point, near ones first, within the picture."""
    for away in (RADIUS + 4, RADIUS + 14, RADIUS + 26):
        for right, down in ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1)):
            begin = x + right * away if right > 0 else x - away - width if right < 0 else x - width / 2
            middle = y + down * (away + LINE / 2)
            if begin < LEFT or begin + width > WIDTH or middle - LINE / 2 < 0 or middle + LINE / 2 > HEIGHT - BOTTOM:
                continue
            anchor = "start" if right > 0 else "end" if right < 0 else "middle"
            box = (begin, middle - LINE / 2, begin + width, middle + LINE / 2)
            yield round(x + right * away, 1), round(middle + 4, 1), anchor, box
    yield round(x, 1), round(y - RADIUS - 4, 1), "middle", (x - width / 2, y - 20, x + width / 2, y - 6)


def _width(text: str) -> float:
    return sum(WIDE if unicodedata.east_asian_width(sign) in "WF" else NARROW for sign in text)


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
