"""A task's log lines on their way into the database: bounded, in the site's language and as templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from distillation.contract.sentence import Sentence
from distillation.models import LineKind, LogLevel, LogLine, LogSource, TrainingTask
from distillation.models.sentences import stored

MAX_TEXT = 2000
"""Characters of one line; a log is no place for documents."""
MAX_DETAIL = 6000
_LAST_SECOND = 253_402_000_000.0
"""In the year 9999: what comes after it is no time."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line before it is stored."""

    sentence: Sentence
    level: int = LogLevel.INFO
    kind: str = LineKind.MESSAGE
    arm: str = ""
    step: int | None = None
    sequence: int | None = None
    """Of the engine's event: the same one is not stored twice."""
    time: float | None = None
    """Seconds since 1970; None is now."""


def store(task: TrainingTask, attempt: int, source: LogSource, lines: Sequence[Line]) -> None:
    """Write lines in one statement; an engine's event that is there already stays as it is."""
    LogLine.objects.bulk_create(
        [_row(task, attempt, source, line) for line in lines], batch_size=500, ignore_conflicts=True
    )


def note(task: TrainingTask, sentence: Sentence, level: int = LogLevel.INFO) -> None:
    """One line of the worker's."""
    store(task, task.attempt, LogSource.WORKER, [Line(sentence, level)])


def forget(task: TrainingTask) -> None:
    """Drop the lines of a run that starts afresh."""
    LogLine.objects.filter(task=task).delete()


def _row(task: TrainingTask, attempt: int, source: LogSource, line: Line) -> LogLine:
    values: dict[str, Any] = {"at": _moment(line.time)} if line.time is not None else {}
    return LogLine(
        task_id=task.pk,
        attempt=attempt,
        sequence=line.sequence,
        level=line.level,
        source=source,
        kind=line.kind,
        arm=line.arm[:8],
        step=line.step,
        text=stored(line.sentence)[:MAX_TEXT],
        detail=_detail(line.sentence),
        **values,
    )


def _detail(sentence: Sentence) -> str:
    """The template with its values; the rendered text where that would be a document."""
    text = stored(sentence, as_template=True)
    if len(text) <= MAX_DETAIL:
        return text
    return stored(Sentence("{text}", {"text": stored(sentence)[:MAX_TEXT]}), as_template=True)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(min(max(seconds, 0.0), _LAST_SECOND), tz=UTC)
