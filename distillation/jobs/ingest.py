"""From the engine's events to the database.

Everything written here is absolute, so reading a file twice changes nothing: after a crash or a lost database
the worker simply reads on, or from the beginning.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from distillation.contract import events
from distillation.contract.run_dir import RunDir
from distillation.contract.sentence import Sentence
from distillation.models import TaskStatus, TrainingTask
from distillation.services import history
from distillation.services.figures import fit
from distillation.storage.local import relative, run_dir

MAX_BYTES = 4 * 2**20
"""Read at most this much at once, so that a long backlog does not fill the memory."""


class EventFile:
    """Reads an events file as it grows; only whole lines count."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read(self) -> tuple[list[dict[str, Any]], int]:
        """New events and the offset behind them; pass the offset to :meth:`done` once they are stored."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                chunk = file.read(MAX_BYTES)
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
        self._file = EventFile(run.events(attempt))
        self.failure: Sentence | None = None

    def catch_up(self) -> None:
        """Store everything that the engine has written so far. Raises DatabaseError; call again later."""
        while True:
            batch, offset = self._file.read()
            if not self._file.advances_to(offset):
                return
            self._note_failure(batch)
            store(self._task, batch)
            self._file.done(offset)

    def _note_failure(self, batch: Iterable[dict[str, Any]]) -> None:
        for event in batch:
            if event["kind"] == events.FAILED:
                self.failure = _sentence(event)


def last_attempt(run: RunDir, before: int) -> int | None:
    """The newest attempt before the given one that left events."""
    found = [number for number in range(1, before) if run.events(number).exists()]
    return found[-1] if found else None


def store(task: TrainingTask, batch: list[dict[str, Any]]) -> None:
    """Write a batch: history in one statement, the task in one update. A row of another worker stays as it is."""
    columns: dict[str, Any] = {}
    records: list[dict[str, Any]] = []
    for event in batch:
        reader = _READERS.get(event["kind"])
        if reader is not None:
            columns |= reader(event)
        if event["kind"] == events.CHECKPOINT:
            # A run that gets further between two crashes is not the run that crashes for ever.
            columns |= {"lost_count": 0, "checkpoint_path": relative(run_dir(task.task_id).checkpoints)}
        if event["kind"] == events.EPOCH and event.get("arm") == "student":
            records.append(_record(event))
    with transaction.atomic():
        if columns:
            rows = TrainingTask.objects.filter(
                pk=task.pk, status=TaskStatus.RUNNING, lease_owner=task.lease_owner, attempt=task.attempt
            )
            if not rows.update(**columns, update_time=timezone.now()):
                return
        if records:
            history.upsert(task, records)


def _sentence(event: dict[str, Any]) -> Sentence:
    try:
        return Sentence.from_json(event["sentence"])
    except (KeyError, TypeError):
        return Sentence("{text}", {"text": str(event.get("sentence", "–"))})


def _started(event: dict[str, Any]) -> dict[str, Any]:
    return {"device": str(event.get("device") or "")[:32] or None}


def _phase(event: dict[str, Any]) -> dict[str, Any]:
    return _progress(event) | {"phase": str(event.get("phase") or "")[:16] or None}


def _step(event: dict[str, Any]) -> dict[str, Any]:
    return _progress(event) | {
        "trained_samples": event.get("trained_samples"),
        "samples_per_second": event.get("samples_per_second"),
        "estimated_time": _seconds(event.get("remaining_seconds")),
    }


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
        columns |= {"best_accuracy": columns["accuracy"], "best_epoch": event["epoch"]}
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
