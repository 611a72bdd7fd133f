"""What the pictures of curves are drawn from: the choice of curves, and one curve of all tasks as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from distillation.console.compare.chosen import Chosen
from distillation.contract.arms import ARMS, kind_of, number_of
from distillation.contract.series import EPOCH_SERIES, MAX_NAME, STEP_SERIES
from distillation.models import TrainingTask
from distillation.selectors import overlay
from distillation.selectors.comparison import curve_names
from distillation.selectors.overlay import AXES, MOST_READ, Axis, TooMany

MOST_POINTS = 1000
"""Of a curve on the screen."""
SMOOTHINGS = (0.0, 0.6, 0.9, 0.97, 0.99)
FIRST = ("valAccuracy", "valLoss", "loss")
"""Drawn at first, the first of them that there is."""
_KNOWN = (*EPOCH_SERIES.values(), *STEP_SERIES.values())


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one picture shows."""

    name: str
    arm: str
    axis: Axis
    smoothing: float


def wanted(request: HttpRequest) -> Wanted:
    """As the address says; what it says wrongly counts as not said."""
    asked = request.GET
    axis = asked.get("x", "")
    arm = asked.get("arm", "")
    try:
        smoothing = float(asked.get("smooth", ""))
    except ValueError:
        smoothing = 0.0
    return Wanted(
        name=asked.get("name", "").replace("\0", "")[:MAX_NAME],
        arm=arm if arm in ARMS else "student",
        axis=axis if axis in AXES else "step",
        smoothing=smoothing if 0 < smoothing < 1 else 0.0,
    )


def choices(tasks: Sequence[TrainingTask]) -> list[tuple[str, str]]:
    """Name and label of every curve that one of the tasks has, the known ones first; one query."""
    there = {name for names in curve_names(tasks).values() for name in names}
    known = [name for name in dict.fromkeys((*FIRST, *_KNOWN)) if name in there]
    return [(name, label(name)) for name in (*known, *sorted(there - set(known)))]


def arms(tasks: Iterable[TrainingTask], seeds: Iterable[int]) -> list[tuple[str, str]]:
    """Arms that these tasks can have: controls where one is asked for, further ones where there are several seeds."""
    most = max(seeds, default=1)
    control = any(task.config.get("control") for task in tasks)
    return [(arm, _arm_label(arm)) for arm in ARMS if number_of(arm) <= most and (control or kind_of(arm) == "student")]


def drawn(chosen: Chosen, asked: Wanted) -> dict[str, Any]:
    """The curves by letter. ``error`` in the place of ``curves`` says why there are none."""
    try:
        found = overlay.overlay(
            [task.pk for task in chosen.tasks],
            asked.name,
            asked.arm,
            x=asked.axis,
            smoothing=asked.smoothing,
            most=MOST_POINTS,
        )
    except TooMany:
        text = _("These curves have more than %(limit)s points together; compare fewer tasks, or a curve of epochs.")
        return {"error": text % {"limit": f"{MOST_READ:,}"}}
    return {
        "curves": [{"letter": one.letter, **asdict(found[one.task.pk])} for one in chosen.ones if one.task.pk in found],
        "without": [one.letter for one in chosen.ones if one.task.pk not in found],
    }


def label(name: str) -> str:
    """What a curve is called; a script's own name as it is."""
    return {
        "loss": _("Training loss (steps)"),
        "softLoss": _("Soft loss"),
        "featureLoss": _("Feature loss"),
        "hardLoss": _("Hard loss"),
        "learningRate": _("Learning rate"),
        "samplesPerSecond": _("Samples per second"),
        "trainLoss": _("Training loss"),
        "trainAccuracy": _("Training accuracy"),
        "valLoss": _("Validation loss"),
        "valAccuracy": _("Validation accuracy"),
        "epochSeconds": _("Seconds per epoch"),
    }.get(name, name)


def _arm_label(arm: str) -> str:
    name = _("Student") if kind_of(arm) == "student" else _("Control arm")
    number = number_of(arm)
    return name if number == 1 else _("%(arm)s, seed no. %(number)s") % {"arm": name, "number": number}
