"""The small model of a finished task as a directory that an engine can load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from distillation.contract.sentence import Refused, Sentence
from distillation.models import TrainingTask
from distillation.selectors import model_of, usable
from distillation.storage.model_layout import CONFIG, kind_of


def student_of(task: TrainingTask, foreign: str) -> tuple[Path, dict[str, Any]]:
    """The model's file and config.

    Raises Refused where there is none, and with the template ``foreign`` for one that is no student of this platform.
    """
    if (reason := usable(task)) is not None:
        raise Refused(reason)
    file = model_of(task)
    config = _config(file) if file is not None else None
    if file is None or config is None or kind_of(config) != "student":
        raise Refused(Sentence(foreign, {"task": task.task_id}))
    return file, config


def _config(file: Path) -> dict[str, Any] | None:
    try:
        value = json.loads((file.parent / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
