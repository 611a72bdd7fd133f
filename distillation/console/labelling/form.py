"""The form of a labelling job: what it starts with, what it sends, and where what is wrong is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import QueryDict

from distillation.contract.labelling import FORMATS, IMPORTABLE, USUAL_BATCH, USUAL_FORMATS, USUAL_THRESHOLD
from distillation.contract.request import InvalidRequest
from distillation.datasets.class_names import of_objects
from distillation.datasets.layout import UNLABELED
from distillation.models import TrainingTask
from distillation.models.sentences import translate
from distillation.selectors import Rights, hidden_datasets

TITLES = {
    "labelme": "LabelMe", "yolo": "YOLO", "coco": "COCO", "voc": "Pascal VOC", "csv": "CSV", "masks": "PNG",
}  # fmt: skip
FIELDS = ("inputDir", "outputDir", "formats", "threshold", "classThresholds", "batchSize", "autoImport")
_CLASS = "class-"


class LabelForm:
    """Fields are called as on the wire; those of classes ``class-<number>``."""

    def __init__(self, task: TrainingTask, config: dict[str, Any], by: Rights, data: QueryDict | None) -> None:
        self._task, self._data = task, data
        self.task_type = str(config.get("task_type") or "classification")
        self.classes = of_objects(map(str, config["classes"]), self.task_type)
        self.values = _first(task, self.task_type, by) if data is None else _again(data)
        self.errors: dict[str, list[str]] = {}
        self.problems: list[str] = []
        """Of no field."""

    def sent(self) -> dict[str, Any]:
        """The request as REST would get it."""
        data = self._data if self._data is not None else QueryDict()
        stated = {name: str(data.get(f"{_CLASS}{number}", "")).strip() for number, name in enumerate(self.classes)}
        return {
            "taskId": self._task.task_id,
            "inputDir": data.get("inputDir", "").strip().strip("/"),
            "outputDir": data.get("outputDir", "").strip().strip("/"),
            "formats": data.getlist("formats"),
            "threshold": data.get("threshold", "").strip(),
            "batchSize": data.get("batchSize", "").strip(),
            "autoImport": bool(data.get("autoImport")),
            "classThresholds": {name: least for name, least in stated.items() if least},
        }

    def refuse(self, invalid: InvalidRequest) -> None:
        """Sort what is wrong to its field."""
        for problem in invalid.problems:
            said = translate(problem.sentence)
            if problem.field in FIELDS:
                self.add_error(problem.field, said)
            else:
                self.problems.append(said)

    def add_error(self, field: str, said: str) -> None:
        """Say at a field what is wrong with it."""
        self.errors.setdefault(field, []).append(said)

    @property
    def formats(self) -> list[dict[str, Any]]:
        """What the model can write."""
        return [
            {
                "name": name,
                "title": TITLES[name],
                "on": name in self.values["formats"],
                "data": name in IMPORTABLE[self.task_type],
            }
            for name in FORMATS[self.task_type]
        ]

    @property
    def rows(self) -> list[dict[str, str]]:
        """A threshold for each class."""
        stated = self.values["classes"]
        return [
            {"field": f"{_CLASS}{number}", "name": name, "value": stated.get(f"{_CLASS}{number}", "")}
            for number, name in enumerate(self.classes)
        ]

    @property
    def some_class(self) -> bool:
        """Whether a class has a threshold of its own."""
        return any(self.values["classes"].values()) or "classThresholds" in self.errors


def _first(task: TrainingTask, task_type: str, by: Rights) -> dict[str, Any]:
    return {
        "inputDir": _unlabelled(task, by),
        "outputDir": _new_folder(task),
        "formats": USUAL_FORMATS[task_type],
        "threshold": USUAL_THRESHOLD,
        "batchSize": USUAL_BATCH,
        "autoImport": by.may_create and set(USUAL_FORMATS[task_type]) <= set(IMPORTABLE[task_type]),
        "classes": {},
    }


def _again(data: QueryDict) -> dict[str, Any]:
    """As it was sent."""
    plain = {name: data.get(name, "") for name in ("inputDir", "outputDir", "threshold", "batchSize")}
    classes = {name: data[name] for name in data if name.startswith(_CLASS)}
    return {
        **plain,
        "formats": tuple(data.getlist("formats")),
        "autoImport": bool(data.get("autoImport")),
        "classes": classes,
    }


def _unlabelled(task: TrainingTask, by: Rights) -> str:
    """The unlabelled pictures of the task's own data, where there are any."""
    name = task.dataset_id or ""
    root = Path(settings.DATASETS_ROOT)
    if not name or "/" in name or name.startswith(".") or name in hidden_datasets(by):
        return ""
    return f"{root.name}/{name}/{UNLABELED}" if (root / name / UNLABELED).is_dir() else ""


def _new_folder(task: TrainingTask) -> str:
    """A folder that is not there yet, directly below the data set root."""
    root = Path(settings.DATASETS_ROOT)
    stem = f"labels-{task.task_id[-8:].lower()}"
    names = (stem if number == 1 else f"{stem}-{number}" for number in range(1, 1000))
    return f"{root.name}/{next((name for name in names if not (root / name).exists()), stem)}"


def stated_thresholds(text: str) -> list[tuple[str, float]]:
    """Thresholds by class as a row keeps them."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return []
    return [(str(name), float(least)) for name, least in value.items()] if isinstance(value, dict) else []
