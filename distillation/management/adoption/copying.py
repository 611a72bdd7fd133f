"""All rows, in an order that foreign keys allow, to whoever takes them: a count for the plan, or the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from django.db.backends.utils import CursorWrapper

from distillation.contract.sentence import Sentence
from distillation.management.adoption.children import Children
from distillation.management.adoption.columns import EVALUATION, HISTORY, PRESET, TASK
from distillation.management.adoption.converting import Converted
from distillation.management.adoption.notes import Note
from distillation.management.adoption.presets import read_presets
from distillation.management.adoption.same import Weights
from distillation.management.adoption.schema import Table
from distillation.management.adoption.tasks import Parent, Tasks


class Taker(Protocol):
    """Takes what the originals hold."""

    def row(self, row: Converted) -> None:
        """A row that stays, with the notes on its values."""

    def note(self, note: Note) -> None:
        """A row that goes whole to the quarantine."""

    def log(self, task_id: str, status: str, sentence: Sentence) -> None:
        """A line for the task's own log."""

    def end_of(self, table: str) -> None:
        """Every row of the table has been given."""


@dataclass(slots=True)
class Survey:
    """Counts, by table: rows that stay, whole rows by reason, values by column and reason."""

    staying: Counter[str] = field(default_factory=Counter)
    whole: Counter[tuple[str, str]] = field(default_factory=Counter)
    values: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def row(self, row: Converted) -> None:
        """Count it and its notes."""
        self.staying[row.table] += 1
        for note in row.notes:
            self.values[(note.table, note.column or "", note.reason.value)] += 1

    def note(self, note: Note) -> None:
        """Count it."""
        self.whole[(note.table, note.reason.value)] += 1

    def log(self, task_id: str, status: str, sentence: Sentence) -> None:
        """Nothing to count."""

    def end_of(self, table: str) -> None:
        """Nothing is held back."""

    def quarantined(self, table: str) -> int:
        """Whole rows of the table."""
        return sum(count for (name, _), count in self.whole.items() if name == table)


def hand_over(
    cursor: CursorWrapper, originals: Mapping[str, Table], collation: str, now: str, taker: Taker
) -> None:  # fmt: skip
    """Read every original row and give it to the taker. ``now`` stands for times that nobody knows."""
    weights = Weights(cursor, collation)
    if PRESET in originals:
        for found in read_presets(cursor, originals[PRESET], weights, now):
            _give(found, taker)
    taker.end_of(PRESET)
    parents = _tasks(cursor, originals[TASK], weights, now, taker)
    for name in (HISTORY, EVALUATION):
        if name in originals:
            for found in Children(cursor, name, originals[name], weights, parents, now).read():
                _give(found, taker)
        taker.end_of(name)


def _tasks(cursor: CursorWrapper, table: Table, weights: Weights, now: str, taker: Taker) -> dict[str, Parent]:
    tasks = Tasks(cursor, table, weights, now)
    for task in tasks.read():
        taker.row(task.converted)
        for sentence in task.log:
            taker.log(str(task.converted.values["task_id"]), task.status, sentence)
    taker.end_of(TASK)
    return tasks.parents


def _give(found: Converted | Note, taker: Taker) -> None:
    if isinstance(found, Note):
        taker.note(found)
    else:
        taker.row(found)
