"""Writing one record an epoch; the same epoch again replaces it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.utils import timezone

from distillation.models import TrainingHistory, TrainingTask
from distillation.services.figures import fit_float

COLUMNS = {
    "trainLoss": "train_loss",
    "trainAccuracy": "train_accuracy",
    "valLoss": "val_loss",
    "valAccuracy": "val_accuracy",
    "distillLoss": "distill_loss",
    "hardLoss": "hard_loss",
    "softLoss": "soft_loss",
    "gpuUsage": "gpu_usage",
    "memoryUsage": "memory_usage",
    "epochTime": "epoch_time",
}


def upsert(task: TrainingTask, records: Sequence[Mapping[str, Any]]) -> None:
    """Write records (columns plus ``epoch``, perhaps ``record_time``) in one statement."""
    rows = {
        record["epoch"]: TrainingHistory(
            task_id=task.task_id,
            epoch=record["epoch"],
            record_time=record.get("record_time") or timezone.now(),
            **{column: fit_float(TrainingHistory, column, record.get(column)) for column in COLUMNS.values()},
        )
        for record in records
    }
    TrainingHistory.objects.bulk_create(
        list(rows.values()),
        update_conflicts=True,
        update_fields=[*COLUMNS.values(), "record_time"],
        # MySQL takes the conflict target from the table and refuses to be told.
        unique_fields=["task", "epoch"] if connection.features.supports_update_conflicts_with_target else None,
        batch_size=500,
    )


def forget(task: TrainingTask) -> None:
    """Drop the records of a run that starts afresh."""
    TrainingHistory.objects.filter(task=task).delete()
