"""Which tasks an address asks to compare, and what has to be said about those that are not shown."""

from __future__ import annotations

import string
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from distillation.admin.access import held
from distillation.models import TrainingTask
from distillation.selectors import comparison

FEWEST, MOST = 2, 20
MOST_ASKED = 200
"""Ids that are looked up; an address of any length is none that this page made."""
MOST_SAID = 10
LONGEST_ID = 64
FEW = 4
"""Tasks whose whole names fit into a tooltip."""
SHORT = 14
"""Characters of a name where they are more."""
COLOURS, DASHES = 8, ("solid", "dash", "dot")
"""As charts.css and charts.js have them."""


@dataclass(frozen=True, slots=True)
class One:
    """A compared task, with the letter and the line that stand for it everywhere on the page."""

    task: TrainingTask
    letter: str
    colour: int
    dash: str
    without: str
    """The address of the comparison without it."""

    @property
    def title(self) -> str:
        """Letter and name."""
        return f"{self.letter} · {self.task.task_name}"

    @property
    def short(self) -> str:
        """The same, short enough for a tooltip that twenty tasks share."""
        name = self.task.task_name
        return f"{self.letter} · {name if len(name) <= SHORT else name[: SHORT - 1] + '…'}"


@dataclass(slots=True)
class Chosen:
    """The tasks in the order of the address."""

    ones: list[One]
    notes: list[str] = field(default_factory=list)

    @property
    def tasks(self) -> list[TrainingTask]:
        """Without what stands for them."""
        return [one.task for one in self.ones]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What stands for each task in the pictures of curves."""
        few = len(self.ones) <= FEW
        return [
            {"letter": one.letter, "name": one.title if few else one.short, "colour": one.colour, "dash": one.dash}
            for one in self.ones
        ]

    @property
    def enough(self) -> bool:
        """Whether there is anything to compare."""
        return len(self.ones) >= FEWEST

    @property
    def full(self) -> bool:
        """Whether no further one can be added."""
        return len(self.ones) >= MOST


def read(request: HttpRequest) -> Chosen:
    """The tasks of ``?tasks=A,B`` and ``&add=C`` that the person may see; one query."""
    ids = _ids(request)
    found = comparison.tasks_named(held(request), ids[:MOST_ASKED])
    shown = found[:MOST]
    names = [task.task_id for task in shown]
    lines = dict(zip(sorted(names), _lines(sorted(names)), strict=True))
    ones = [
        One(task, letter, *lines[task.task_id], address([name for name in names if name != task.task_id]))
        for task, letter in zip(shown, string.ascii_uppercase, strict=False)
    ]
    return Chosen(ones, _notes(ids, found))


def address(ids: Sequence[str], page: str = "compare") -> str:
    """Where these tasks are compared."""
    return f"{reverse(f'admin:{page}')}?{urlencode({'tasks': ','.join(ids)}, safe=',')}"


def _ids(request: HttpRequest) -> list[str]:
    raw = ",".join([*request.GET.getlist("tasks"), *request.GET.getlist("add")])
    return list(dict.fromkeys(name for part in raw.split(",") if (name := part.strip().replace("\0", ""))))


def _notes(ids: list[str], found: list[TrainingTask]) -> list[str]:
    """What is not shown, and why; a task that may not be seen is one that there is not."""
    notes = []
    known = {task.task_id for task in found}
    missing = [name[:LONGEST_ID] for name in ids[:MOST_ASKED] if name not in known]
    if missing:
        text = ngettext(
            "%(n)s task was not found: %(names)s. It may be deleted, or not be shared with you.",
            "%(n)s tasks were not found: %(names)s. They may be deleted, or not be shared with you.",
            len(missing),
        )
        more = " …" if len(missing) > MOST_SAID else ""
        notes.append(text % {"n": len(missing), "names": ", ".join(missing[:MOST_SAID]) + more})
    left = len(found) - MOST + max(len(ids) - MOST_ASKED, 0)
    if left > 0:
        text = ngettext(
            "At most %(limit)s tasks are compared at once; %(n)s is left out.",
            "At most %(limit)s tasks are compared at once; %(n)s are left out.",
            left,
        )
        notes.append(text % {"limit": MOST, "n": left})
    if 0 < len(found) < FEWEST:
        notes.append(_("This is one task; add at least one more to compare it with."))
    return notes


def _lines(ids: Sequence[str]) -> list[tuple[int, str]]:
    """A colour and a dash for each id: the colour that the id itself points to, the next free one where it is taken.

    So a task keeps its colour when others come and go, as far as eight colours allow.
    """
    found: list[tuple[int, str]] = []
    for name in ids:
        first = zlib.crc32(name.encode()) % COLOURS
        lines = (((first + step) % COLOURS, dash) for dash in DASHES for step in range(COLOURS))
        found.append(next(line for line in lines if line not in found))
    return found
