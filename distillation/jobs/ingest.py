"""From the engine's events to the database.

What is written here is absolute, and how far an attempt has been read is written with it, in one transaction:
after a crash or a lost database the worker simply reads on, or from the beginning.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from distillation.contract import events
from distillation.contract.run_dir import RunDir
from distillation.contract.sentence import Sentence
from distillation.jobs.event_rows import Rows, sentence_of
from distillation.models import LogSource, TaskStatus, TrainingTask
from distillation.services import event_positions, history, points, task_log
from distillation.services.event_positions import Position
from distillation.services.figures import fit
from distillation.storage.local import relative, run_dir

MAX_BYTES = 2**19
"""Read at most this much at once (about 10,000 points), so that a long backlog does not fill the memory."""
MAX_SECONDS = 2.0
"""How long a worker reads a backlog before it looks after its other runs and leases."""

Event = dict[str, Any]


class EventFile:
    """Reads an events file as it grows; only whole lines count."""

    def __init__(self, path: Path, offset: int = 0) -> None:
        """Go on behind the offset; a file that is shorter is another one, and is read from its beginning."""
        self._path = path
        self._offset = offset if path.exists() and path.stat().st_size >= offset else 0

    def read(self) -> tuple[list[Event], int]:
        """New events and the offset behind them; pass the offset to :meth:`done` once they are stored."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                chunk = file.read(MAX_BYTES)
                if len(chunk) == MAX_BYTES:
                    chunk += file.readline()  # a line that is longer than a chunk is read whole
        except FileNotFoundError:
            return [], self._offset
        end = chunk.rfind(b"\n") + 1
        parsed = (events.parse_line(line) for line in chunk[:end].splitlines())
        return [event for event in parsed if event is not None], self._offset + end

    def advances_to(self, offset: int) -> bool:
        """Whether there was anything new."""
        return offset > self._offset

    def done(self, offset: int) -> None:
        """What lies before the offset is stored."""
        self._offset = offset


class Ingest:
    """One attempt's events on their way into the database."""

    def __init__(self, task: TrainingTask, run: RunDir, attempt: int) -> None:
        self._task = task
        self._path = run.events(attempt)
        self._attempt = attempt
        self._file: EventFile | None = None
        self._cuts = 0
        self._phase: str | None = None
        self.failure: Sentence | None = None

    def catch_up(self, seconds: float | None = None) -> bool:
        """Store what the engine has written so far, or as much as fits into the seconds; True when that is all.

        Raises DatabaseError; call again later.
        """
        file = self._open()
        begun = time.monotonic()
        while True:
            batch, offset = file.read()
            if not file.advances_to(offset):
                return True
            self._note_failure(batch)
            self._store(batch, offset)
            file.done(offset)
            if seconds is not None and time.monotonic() - begun > seconds:
                return False

    def _open(self) -> EventFile:
        """The file behind what the database has of it."""
        if self._file is None:
            position = event_positions.find(self._task, self._attempt)
            self._cuts = position.cuts
            if position.offset:
                self._phase = TrainingTask.objects.values_list("phase", flat=True).get(pk=self._task.pk)
            self._file = EventFile(self._path, position.offset)
        return self._file

    def _note_failure(self, batch: Iterable[Event]) -> None:
        for event in batch:
            if event["kind"] == events.FAILED:
                self.failure = sentence_of(event)

    def _store(self, batch: list[Event], offset: int) -> None:
        """Write a batch in one transaction. A row of another worker stays as it is."""
        rows = Rows(distils=self._task.training_mode == "distillation", phase=self._phase)
        for event in batch:
            rows.add(event)
        with transaction.atomic():
            # The task's row first: it is the lock behind which a task's points get their ids in the order in
            # which readers see them.
            if not _update_task(self._task, batch):
                return
            cuts = sum(
                points.supersede(self._task, self._attempt, arm, step, time) for arm, (step, time) in rows.cuts.items()
            )
            points.store(self._task, rows.points)
            task_log.store(self._task, self._attempt, LogSource.ENGINE, rows.lines)
            records = [_record(event) for event in batch if _is_students_epoch(event)]
            if records:
                history.upsert(self._task, records)
            event_positions.remember(self._task, self._attempt, Position(offset, self._cuts + cuts))
        self._cuts += cuts
        self._phase = rows.phase


def earlier_attempts(run: RunDir, before: int) -> list[int]:
    """The attempts before the given one that left events, in their order."""
    return [number for number in range(1, before) if run.events(number).exists()]


def _update_task(task: TrainingTask, batch: Iterable[Event]) -> bool:
    """Write what the events say into the task's row; False when it belongs to another worker."""
    columns: dict[str, Any] = {}
    for event in batch:
        reader = _READERS.get(event["kind"])
        if reader is not None:
            columns |= reader(event)
        if event["kind"] == events.CHECKPOINT:
            # A run that gets further between two crashes is not the run that crashes for ever.
            columns |= {"lost_count": 0, "checkpoint_path": relative(run_dir(task.task_id).checkpoints)}
    rows = TrainingTask.objects.filter(
        pk=task.pk, status=TaskStatus.RUNNING, lease_owner=task.lease_owner, attempt=task.attempt
    )
    return bool(rows.update(**columns, update_time=timezone.now()))


def _is_students_epoch(event: Event) -> bool:
    return event["kind"] == events.EPOCH and event.get("arm") == "student"


def _started(event: dict[str, Any]) -> dict[str, Any]:
    return {"device": str(event.get("device") or "")[:32] or None}


def _phase(event: dict[str, Any]) -> dict[str, Any]:
    return _progress(event) | {"phase": str(event.get("phase") or "")[:16] or None}


def _step(event: dict[str, Any]) -> dict[str, Any]:
    columns = _progress(event) | {
        "samples_per_second": event.get("samples_per_second"),
        "estimated_time": _seconds(event.get("remaining_seconds")),
    }
    if event.get("arm") == "student":  # of what is delivered, as epochs and accuracy are
        columns["trained_samples"] = event.get("trained_samples")
    return columns


def _epoch(event: dict[str, Any]) -> dict[str, Any]:
    columns = _progress(event)
    memory = event.get("memory_mb")
    columns["memory_used"] = round(memory / 1024, 3) if memory is not None else None
    if event.get("arm") != "student":
        return columns
    columns |= {
        "current_epoch": event["epoch"],
        "accuracy": fit(TrainingTask, "accuracy", event.get("val_accuracy")),
        "loss": fit(TrainingTask, "loss", event.get("train_loss")),
    }
    if event.get("best"):
        columns |= {
            "best_accuracy": columns["accuracy"],
            "best_epoch": event["epoch"],
            "best_step": event.get("step"),
        }
    return columns


def _progress(event: dict[str, Any]) -> dict[str, Any]:
    progress = event.get("progress")
    return {"progress": max(0, min(99, int(progress)))} if progress is not None else {}


def _seconds(value: float | None) -> int | None:
    return None if value is None else int(min(value, 2**31 - 1))


def _record(event: dict[str, Any]) -> dict[str, Any]:
    return {
        "epoch": event["epoch"],
        "train_loss": event.get("train_loss"),
        "train_accuracy": event.get("train_accuracy"),
        "val_loss": event.get("val_loss"),
        "val_accuracy": event.get("val_accuracy"),
        "distill_loss": event.get("distill_loss"),
        "hard_loss": event.get("hard_loss"),
        "soft_loss": event.get("soft_loss"),
        "gpu_usage": event.get("gpu_percent"),
        "memory_usage": event.get("memory_mb"),
        "epoch_time": event.get("epoch_seconds"),
    }


_READERS = {
    events.STARTED: _started,
    events.PHASE: _phase,
    events.STEP: _step,
    events.EPOCH: _epoch,
}
