"""What an evaluation tells of several seeds, as a table: one row a seed, then mean ± deviation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from distillation.admin import figures, loose

MOST_ROWS = 100


@dataclass(frozen=True, slots=True)
class Seeds:
    """Heads behind that of the seed, a row a seed, and the last row."""

    heads: list[str]
    rows: list[list[str]]
    means: list[str]


def read(details: dict[str, Any]) -> Seeds | None:
    """The table of an evaluation whose keys are loose; None where there is one seed alone, or nothing readable."""
    found = loose.part(details, "seeds")
    runs = [loose.keys(run) for run in loose.objects(found.get("runs"))[:MOST_ROWS]]
    known = [column for column in _columns() if any(loose.number(run.get(column[1])) is not None for run in runs)]
    if len(runs) < 2 or not known:
        return None
    return Seeds(
        heads=[head for head, _name, _style in known],
        rows=[[_seed(run), *(style(loose.number(run.get(name))) for _head, name, style in known)] for run in runs],
        means=[_mean(loose.part(found, name), style) for _head, name, style in known],
    )


def _columns() -> list[tuple[str, str, Callable[[float | None], str]]]:
    return [
        (_("Student"), "student", figures.percent),
        (_("Control arm"), "control", figures.percent),
        (_("Difference, points"), "difference", figures.points),
    ]


def _seed(run: dict[str, Any]) -> str:
    seed = loose.number(run.get("seed"))
    return figures.DASH if seed is None else f"{seed:.0f}"


def _mean(spread: dict[str, Any], style: Callable[[float | None], str]) -> str:
    mean, deviation = loose.number(spread.get("mean")), loose.number(spread.get("deviation"))
    return style(mean) if deviation is None else f"{style(mean)} ± {deviation:.2f}"
