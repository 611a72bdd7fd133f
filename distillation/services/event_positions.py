"""How far each attempt's events are stored; written in the same transaction as what they became."""

from __future__ import annotations

from dataclasses import dataclass

from distillation.models import EventPosition, TrainingTask
from distillation.models.rows import upsert


@dataclass(frozen=True, slots=True)
class Position:
    """A place in an attempt's events file."""

    offset: int = 0
    """Bytes that are stored."""
    cuts: int = 0
    """How often points of earlier attempts were superseded; whoever follows the curve reads it anew then."""


def find(task: TrainingTask, attempt: int) -> Position:
    """Where to read on; the beginning for an attempt of which nothing is stored."""
    found = EventPosition.objects.filter(task=task, attempt=attempt).values_list("bytes_stored", "cuts").first()
    return Position(*found) if found else Position()


def remember(task: TrainingTask, attempt: int, position: Position) -> None:
    """Everything before the position is stored."""
    upsert(
        EventPosition,
        ("task_id", "attempt", "bytes_stored", "cuts"),
        [(task.pk, attempt, position.offset, position.cuts)],
        unique=("task_id", "attempt"),
    )


def forget(task: TrainingTask) -> None:
    """Drop the positions of a run that starts afresh."""
    EventPosition.objects.filter(task=task).delete()
