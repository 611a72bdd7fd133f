"""One original row becomes the values of a row here, with a note for everything that is not as it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from distillation.management.adoption.columns import Rule
from distillation.management.adoption.notes import Note
from distillation.management.adoption.reading import Original
from distillation.management.adoption.values import fit
from distillation.models import QuarantineReason as Reason


@dataclass(slots=True)
class Converted:
    """Values by column, and what was changed to get them."""

    table: str
    row: Original
    values: dict[str, str | None] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)

    def note(self, column: str, value: str | None, replacement: str | None, reason: Reason) -> None:
        """Keep a value that does not stay as it was."""
        task = self.values.get("task_id") or self.row.texts.get("task_id")
        self.notes.append(Note(self.table, self.row.id, task and task[:255], column, value, replacement, reason))

    def replace(self, column: str, value: str | None, reason: Reason) -> None:
        """Give the column another value and note the one that the original row has."""
        self._settle(column, value)
        self.note(column, self.row.texts.get(column), value, reason)

    def fill(self, column: str, *candidates: str | None) -> None:
        """Put the first candidate that is there into a column that must not be NULL and is."""
        if column not in self.values or self.values[column] is not None:
            return
        known = any(note.column == column for note in self.notes)
        value = next((candidate for candidate in candidates if candidate is not None), "")
        self._settle(column, value)
        if not known:
            self.note(column, None, value, Reason.MISSING)

    def _settle(self, column: str, value: str | None) -> None:
        """Change the value; what is noted about the column already names the final one."""
        self.values[column] = value
        self.notes = [replace(note, replacement=value) if note.column == column else note for note in self.notes]


def convert(table: str, row: Original, rules: Mapping[str, Rule], present: frozenset[str]) -> Converted:
    """Fit every column that the original table has. A needed value without a default may still be None."""
    converted = Converted(table, row)
    for name, rule in rules.items():
        if name in present:
            _column(converted, rule)
        elif not rule.nullable and rule.default is None:
            converted.values[name] = None
    return converted


def _column(converted: Converted, rule: Rule) -> None:
    name, text = rule.name, converted.row.texts[rule.name]
    value, reason = (None, Reason.NO_TEXT) if name in converted.row.unreadable else fit(rule, text)
    if value is None and not rule.nullable:
        value = rule.default
    converted.values[name] = value
    if name in converted.row.recoded:
        converted.note(name, converted.row.recoded[name], value, Reason.WRONG_CHARSET)
    if reason is not None:
        converted.note(name, text, value, reason)
