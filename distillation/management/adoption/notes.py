"""What goes to the quarantine: a whole row, or one value of a row that stays."""

from __future__ import annotations

import json
from dataclasses import dataclass

from distillation.management.adoption.reading import Original
from distillation.models import QuarantineReason


@dataclass(frozen=True, slots=True)
class Note:
    """One row of ``md_quarantine`` to be."""

    table: str
    row_id: int
    task_id: str | None
    column: str | None
    """None: the whole row."""
    value: str | None
    replacement: str | None
    reason: QuarantineReason


def whole_row(table: str, row: Original, reason: QuarantineReason) -> Note:
    """The row as a JSON object of texts; NULL stays null."""
    value = json.dumps(row.texts, ensure_ascii=False)
    return Note(table, row.id, (row.texts.get("task_id") or "")[:255] or None, None, value, None, reason)
