"""Filling the tables of this version, in batches, within the transaction of whoever calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple

from django.db.backends.utils import CursorWrapper

from distillation.contract.sentence import Sentence
from distillation.management.adoption.converting import Converted
from distillation.management.adoption.copying import Survey
from distillation.management.adoption.notes import Note
from distillation.management.adoption.schema import quoted
from distillation.models.sentences import stored

ACTOR = "adopt_legacy_database"
_BATCH = 500
_NOTE = ("table_name", "row_id", "task_id", "column_name", "value", "replacement", "reason")
_LOG = ("task_id", "from_status", "to_status", "actor", "reason")


class Writer:
    """Inserts rows, notes and log lines, and counts them."""

    def __init__(self, cursor: CursorWrapper, progress: Callable[[str, int], None]) -> None:
        self._cursor, self._progress = cursor, progress
        self._rows: list[Converted] = []
        self._notes: list[Note] = []
        self._log: list[tuple[str, ...]] = []
        self.survey = Survey()

    def row(self, row: Converted) -> None:
        """Keep a row; it is written with others."""
        self.survey.row(row)
        self._rows.append(row)
        self._notes += row.notes
        if len(self._rows) >= _BATCH:
            self._write_rows()

    def note(self, note: Note) -> None:
        """Keep a whole row for the quarantine."""
        self.survey.note(note)
        self._notes.append(note)
        if len(self._notes) >= _BATCH:
            self._write_notes()

    def log(self, task_id: str, status: str, sentence: Sentence) -> None:
        """Keep a line for the task's log; the task may not be written yet."""
        self._log.append((task_id, status, status, ACTOR, stored(sentence, as_template=True)))

    def end_of(self, table: str) -> None:
        """Write what is left, since other tables may point at it."""
        self._write_rows()
        self._write_notes()
        self._insert("md_task_transition", _LOG, self._log)
        self._log = []
        self._progress(table, self.survey.staying[table])

    def _write_rows(self) -> None:
        if self._rows:
            first = self._rows[0]
            columns = tuple(first.values)
            self._insert(
                first.table, ("id", *columns),
                [(row.row.id, *(row.values[column] for column in columns)) for row in self._rows],
            )  # fmt: skip
        self._rows = []

    def _write_notes(self) -> None:
        self._insert("md_quarantine", _NOTE, [(*astuple(note)[:-1], note.reason.value) for note in self._notes])
        self._notes = []

    def _insert(self, table: str, columns: tuple[str, ...], rows: Sequence[tuple[str | int | None, ...]]) -> None:
        names = ", ".join(quoted(column) for column in columns)
        places = ", ".join(["%s"] * len(columns))
        for begin in range(0, len(rows), _BATCH):
            self._cursor.executemany(
                f"INSERT INTO {quoted(table)} ({names}) VALUES ({places})",  # noqa: S608 - names of the schema
                rows[begin : begin + _BATCH],
            )
