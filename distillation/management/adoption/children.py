"""History and evaluations: a row whose task exists stays, once for each epoch; the others go to the quarantine."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.backends.utils import CursorWrapper

from distillation.management.adoption.columns import HISTORY, rules
from distillation.management.adoption.converting import Converted, convert
from distillation.management.adoption.notes import Note, whole_row
from distillation.management.adoption.reading import Original, rows
from distillation.management.adoption.same import Weights
from distillation.management.adoption.schema import Table
from distillation.management.adoption.tasks import Parent
from distillation.management.adoption.values import fit
from distillation.models import QuarantineReason as Reason

_TIMES = ("record_time", "eval_time")
_Place = tuple[str, str]
"""A task's id and an epoch."""
_Age = tuple[str, int]
"""When a record was made, as text that sorts, and its id."""


class Children:
    """Converts the rows of one table that point at tasks."""

    def __init__(
        self, cursor: CursorWrapper, name: str, table: Table, weights: Weights, parents: dict[str, Parent], now: str
    ) -> None:
        self._cursor, self._name, self._table, self._weights = cursor, name, table, weights
        self._parents, self._now = parents, now
        self._present = frozenset(table.columns)

    def read(self) -> Iterator[Converted | Note]:
        """Every row, converted or as a note that it goes as a whole."""
        newest = self._newest() if self._name == HISTORY else {}
        for row in rows(self._cursor, self._table):
            parent = self._parent(row)
            if parent is None:
                yield whole_row(self._name, row, Reason.ORPHAN)
            elif (reason := self._misplaced(row, parent, newest)) is not None:
                yield whole_row(self._name, row, reason)
            else:
                yield self._child(row, parent)

    def _newest(self) -> dict[_Place, _Age]:
        """The newest record of each epoch; the later id where two are as old."""
        narrow = Table(self._table.name, "", "", False, None, {
            name: column for name, column in self._table.columns.items() if name in ("task_id", "epoch", "record_time")
        })  # fmt: skip
        newest: dict[_Place, _Age] = {}
        for row in rows(self._cursor, narrow):
            parent, epoch = self._parent(row), self._epoch(row)
            if parent is not None and epoch is not None:
                place, age = (parent.task_id, epoch), _age(row)
                newest[place] = max(age, newest.get(place, age))
        return newest

    def _misplaced(self, row: Original, parent: Parent, newest: dict[_Place, _Age]) -> Reason | None:
        if self._name != HISTORY:
            return None
        epoch = self._epoch(row)
        if epoch is None:
            return Reason.MISSING if row.texts["epoch"] is None else Reason.OUT_OF_RANGE
        return None if newest[(parent.task_id, epoch)] == _age(row) else Reason.DUPLICATE_EPOCH

    def _child(self, row: Original, parent: Parent) -> Converted:
        converted = convert(self._name, row, rules(self._name), self._present)
        if row.texts["task_id"] != parent.task_id:
            converted.notes = [note for note in converted.notes if note.column != "task_id"]
            converted.replace("task_id", parent.task_id, Reason.OTHER_SPELLING)
        for name in _TIMES:
            converted.fill(name, parent.changed, self._now)
        return converted

    def _parent(self, row: Original) -> Parent | None:
        text = row.texts["task_id"]
        return self._parents.get(self._weights.of(text)) if text else None

    def _epoch(self, row: Original) -> str | None:
        return fit(rules(HISTORY)["epoch"], row.texts["epoch"])[0]


def _age(row: Original) -> _Age:
    text = row.texts.get("record_time")
    made = fit(rules(HISTORY)["record_time"], text)[0] if text else None
    return made or "", row.id
