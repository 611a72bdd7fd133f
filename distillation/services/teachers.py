"""What a teacher's name stands for, and whether it can teach this data."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from distillation.contract.names import comparable
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import TeacherSpec
from distillation.models import Executor, TaskStatus, TrainingTask
from distillation.storage.local import model_file, relative

_SAFE_NAME = re.compile(r"[^/\\\x00-\x1f]+")


@dataclass(frozen=True, slots=True)
class Teacher:
    """A teacher that exists. ``reason`` says why it cannot be used now, if so."""

    name: str
    kind: str
    directory: Path | None
    classes: tuple[str, ...] | None
    reason: Sentence | None = None

    def spec(self) -> TeacherSpec:
        """The run spec's part. Raises Refused when the teacher cannot be used."""
        if self.reason is not None or self.directory is None:
            raise Refused(
                self.reason or Sentence(gettext_noop("The teacher {name} has no model."), {"name": self.name})
            )
        kind = "task" if self.kind == "task" else "huggingface"
        return TeacherSpec(kind=kind, name=self.name, path=relative(self.directory))  # type: ignore[arg-type]


def find_teacher(name: str) -> Teacher | None:
    """The task or the model directory of that name; None when neither exists."""
    task = TrainingTask.objects.alive().filter(task_id=name).first()
    if task is not None:
        return _task_teacher(task)
    if not _SAFE_NAME.fullmatch(name) or name in (".", ".."):
        return None
    directory = Path(settings.MODELS_ROOT) / name
    if not directory.is_dir() or not directory.resolve().is_relative_to(Path(settings.MODELS_ROOT).resolve()):
        return None
    return _directory_teacher(name, directory)


def class_problem(teacher: Teacher, classes: tuple[str, ...], dataset_id: str) -> Sentence | None:
    """Why the teacher cannot teach these classes, or None. It may know more classes than the data has."""
    if teacher.classes is None:
        return None
    known = {comparable(name) for name in teacher.classes}
    missing = [name for name in classes if comparable(name) not in known]
    if not missing:
        return None
    return Sentence(
        gettext_noop(
            "The teacher {teacher} does not know {count} classes of the data set {dataset}: {missing}. "
            "It knows: {known}. Choose a teacher that was trained on these classes."
        ),
        {
            "teacher": teacher.name,
            "count": len(missing),
            "dataset": dataset_id,
            "missing": some(missing),
            "known": some(list(teacher.classes)),
        },
    )


def some(names: list[str], limit: int = 10) -> str:
    """The first names, and how many more there are."""
    text = ", ".join(names[:limit])
    return text if len(names) <= limit else f"{text} … (+{len(names) - limit})"


def _task_teacher(task: TrainingTask) -> Teacher:
    params = {"task": task.task_id, "status": task.status}
    reason: Sentence | None = None
    file = model_file(task.model_path)
    if task.executor == Executor.SAMPLE:
        reason = Sentence(gettext_noop("{task} is a sample without a model; it cannot teach."), params)
    elif task.status != TaskStatus.COMPLETED:
        reason = Sentence(gettext_noop("{task} is {status}; it can teach when it is COMPLETED."), params)
    elif file is None:
        reason = Sentence(gettext_noop("{task} is completed but its model file is gone."), params)
    if reason is not None or file is None:
        return Teacher(task.task_id, "task", None, None, reason)
    config = _read_json(file.parent / "config.json")
    classes = config.get("classes") if config else None
    if not isinstance(classes, list):
        reason = Sentence(gettext_noop("{task} has no readable config.json beside its model."), params)
        return Teacher(task.task_id, "task", None, None, reason)
    return Teacher(task.task_id, "task", file.parent, tuple(str(name) for name in classes))


def _directory_teacher(name: str, directory: Path) -> Teacher:
    config = _read_json(directory / "config.json")
    reason: Sentence | None = None
    if config is None:
        reason = Sentence(
            gettext_noop(
                "The model directory {name} has no readable config.json. A Hugging Face model consists of "
                "config.json, preprocessor_config.json and model.safetensors."
            ),
            {"name": name},
        )
    elif not any(directory.glob("*.safetensors")):
        reason = Sentence(
            gettext_noop("The model directory {name} has no .safetensors weights. Convert the model and add them."),
            {"name": name},
        )
    elif not (directory / "preprocessor_config.json").is_file():
        reason = Sentence(
            gettext_noop(
                "The model directory {name} has no preprocessor_config.json, so it is unknown how its pictures "
                "were prepared. Add the file that came with the model."
            ),
            {"name": name},
        )
    labels = (config or {}).get("id2label")
    classes = tuple(str(label) for label in labels.values()) if isinstance(labels, dict) else None
    return Teacher(name, "huggingface", directory, classes, reason)


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
