"""Log lines as they leave: as objects for pages, as text for files, each in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from distillation.api.serializers.fields import TIME_FORMAT
from distillation.models import LogLevel
from distillation.models.sentences import shown

LEVELS = {level.name.lower(): int(level) for level in LogLevel}
_WORDS = {number: word for word, number in LEVELS.items()}


def line(row: Mapping[str, Any]) -> dict[str, Any]:
    """One row of ``selectors.log_lines`` on the wire."""
    return {
        "id": row["id"],
        "time": timezone.localtime(row["at"]).strftime(TIME_FORMAT),
        "level": _WORDS.get(row["level"], "info"),
        "source": row["source"],
        "kind": row["kind"],
        "attempt": row["attempt"],
        "arm": row["arm"],
        "step": row["step"],
        "text": shown(row["detail"]) if row["detail"] else row["text"],
    }


def printed(row: Mapping[str, Any]) -> str:
    """One line of a text file; a sentence with line breaks is indented."""
    sent = line(row)
    text = "\n    ".join(sent["text"].splitlines())
    return f"{sent['time']} {sent['level'].upper():<7} {sent['source']} [{sent['attempt']}] {text}\n"
