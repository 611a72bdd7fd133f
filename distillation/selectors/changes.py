"""What has happened to a task since a place: its moves, and what its growing tables have got."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from distillation.models import LogLine, TaskTransition
from distillation.selectors import log_lines
from distillation.selectors.curves import metrics
from distillation.selectors.following import Heads, PointCursor
from distillation.selectors.resources import resources

MOST_LINES = 500
"""Of a long absence only the last lines are told; the log itself has the rest."""
MOST_TRANSITIONS = 100
_PLACE = re.compile(r"([0-9]{1,12})-([0-9]{1,18})\.([0-9]{1,18})\.([0-9]{1,18})\.([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """How much of a task somebody has seen."""

    points: PointCursor
    line: int
    sample: int
    transition: int

    def __str__(self) -> str:
        return f"{self.points}.{self.line}.{self.sample}.{self.transition}"

    @classmethod
    def parse(cls, text: str) -> Place | None:
        """Read what ``str`` wrote; None for anything else."""
        found = _PLACE.fullmatch(text)
        if found is None:
            return None
        generation, point, line, sample, transition = map(int, found.groups())
        return cls(PointCursor(generation, point), line, sample, transition)

    @classmethod
    def of(cls, heads: Heads) -> Place:
        """The place of somebody who has seen everything."""
        return cls(heads.points, heads.line, heads.sample, heads.transition)


@dataclass(frozen=True, slots=True)
class Change:
    """What lies between two places; a part in which nothing happened is None."""

    since: Place
    place: Place
    figures: dict[str, Any]
    """The task's columns of ``following.FIGURES`` as they are now."""
    metrics: dict[str, Any] | None = None
    resources: dict[str, Any] | None = None
    lines: list[dict[str, Any]] | None = None
    skipped: bool = False
    """There were more lines than these."""
    transitions: list[TaskTransition] | None = None


def read(task: int, since: Place, heads: Heads) -> Change:
    """What happened from ``since`` to the heads; at most one query for each kind of row."""
    place = Place.of(heads)
    lines, skipped = _lines(task, since.line, place.line) if since.line != place.line else (None, False)
    return Change(
        since=since,
        place=place,
        figures=heads.figures,
        metrics=metrics(task, after=since.points, now=place.points) if since.points != place.points else None,
        resources=resources(task, after=since.sample, upto=place.sample) if since.sample < place.sample else None,
        lines=lines,
        skipped=skipped,
        transitions=_transitions(task, since.transition, place.transition)
        if since.transition < place.transition
        else None,
    )


def _lines(task: int, after: int, upto: int) -> tuple[list[dict[str, Any]], bool]:
    rows = LogLine.objects.filter(task_id=task, id__gt=after, id__lte=upto).order_by("-id")
    found = list(rows.values(*log_lines.COLUMNS)[: MOST_LINES + 1])
    return found[:MOST_LINES][::-1], len(found) > MOST_LINES


def _transitions(task: int, after: int, upto: int) -> list[TaskTransition]:
    rows = TaskTransition.objects.filter(task__pk=task, id__gt=after, id__lte=upto).order_by("-id")
    return list(rows[:MOST_TRANSITIONS])[::-1]
