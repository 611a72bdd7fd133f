"""Finished tasks with a model directory, as far as the web looks at it."""

from __future__ import annotations

from typing import Any

from distillation.models import TrainingTask
from distillation.storage.local import home
from distillation.tests.factories import TaskFactory
from distillation.tests.model_samples import CONFIG, write_model


def finished_task(task_id: str = "TASK_5E6F7A8B", config: dict[str, Any] | None = None, **fields: Any) -> TrainingTask:
    """A COMPLETED task whose model is a directory below ``runs``; ``config`` adds to its ``config.json``."""
    folder = home() / "runs" / task_id / "artifacts" / "model"
    file = write_model(folder, CONFIG | (config or {}))
    path = file.relative_to(home()).as_posix()
    return TaskFactory(**{"task_id": task_id, "status": "COMPLETED", "model_path": path, **fields})
