"""A teacher that a task of this platform has finished."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import TeacherSpec
from distillation.datasets import pictures
from distillation.datasets.layout import shown
from distillation.engine import export, students, text_tokens
from distillation.engine.teachers import quantisation
from distillation.engine.teachers.class_columns import match_classes
from distillation.engine.teachers.source import Examined, LoadedTeacher, Read, TeacherSource


def examine(spec: TeacherSpec, folder: Path, classes: tuple[str, ...]) -> Examined:
    """Read its configuration. Raises Refused when it is not of this platform or lacks its weights."""
    known = tuple(map(str, export.read_config(folder)["classes"]))
    if not (folder / export.WEIGHTS).is_file():
        raise Refused(
            Sentence(
                gettext_noop("The teacher {name} has no {file} in {path}. Train it again, or choose another one."),
                {"name": shown(spec.name), "file": export.WEIGHTS, "path": shown(spec.path)},
            )
        )
    columns = match_classes(spec.name, known, classes)
    settings = (folder / export.CONFIG, folder / text_tokens.FILE)
    return Examined(columns, (folder / export.WEIGHTS,), tuple(path for path in settings if path.is_file()))


def load(source: TeacherSource, device: str) -> LoadedTeacher:
    """Load the student network; it sees pictures as students do. Raises Refused."""
    model, config = load_network(source, "classification")
    parameters = students.parameter_count(model)
    network = model
    model = quantisation.prepare_classifier(model, source.quantization, device, source.name)
    read = _reader(int(config["image_size"]), int(config["channels"]))
    return LoadedTeacher(model, read, torch.tensor(source.columns), parameters, network)


def load_network(source: TeacherSource, task_type: str) -> tuple[nn.Module, dict[str, Any]]:
    """Load the network and its config. Raises Refused for one that was trained for another type of task."""
    model, config = export.load_student(source.folder)
    if config["task_type"] != task_type:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher {name} is the student of a {found} task; the run is a {wanted} task. Choose a teacher "
                    "that was trained for {wanted}."
                ),
                {"name": shown(source.name), "found": str(config["task_type"]), "wanted": task_type},
            )
        )
    return model, config


def _reader(size: int, channels: int) -> Read:
    def read(path: Path) -> Tensor:
        picture = torch.from_numpy(pictures.read_picture(path, size, channels))
        return students.normalise(picture.permute(2, 0, 1).contiguous())

    return read
