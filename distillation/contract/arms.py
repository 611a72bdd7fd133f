"""The arms of a run: what is trained on each seed, and how events, curves and checkpoints call it.

The first seed's are ``student`` and ``control``; those of further seeds carry its number: ``student2``, ``control2``, …
"""

from __future__ import annotations

from typing import Literal

Kind = Literal["student", "control"]

KINDS: tuple[Kind, ...] = ("student", "control")
"""In the order in which they are trained; a control only where one is asked for."""

MOST_SEEDS = 9
"""One digit: the columns of curves and log lines keep eight characters of an arm's name."""


def named(kind: Kind, number: int) -> str:
    """The arm of the seed of that number, from 1."""
    return kind if number == 1 else f"{kind}{number}"


ARMS = tuple(named(kind, number) for number in range(1, MOST_SEEDS + 1) for kind in KINDS)
"""All there can be, in the order in which they are trained."""


def kind_of(arm: str) -> str:
    """``student`` or ``control``, whatever the seed."""
    return arm.rstrip("0123456789")


def number_of(arm: str) -> int:
    """The number of its seed, from 1."""
    return int(arm[len(kind_of(arm)) :] or 1)
