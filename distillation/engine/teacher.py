"""The teacher of a run: found, identified and matched to the data's classes before its weights are loaded.

Two kinds: a student of ours that a task has finished, and a local Hugging Face directory.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from distillation.contract.names import comparable
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import TeacherSpec
from distillation.datasets import pictures
from distillation.datasets.layout import named, shown
from distillation.engine import atomic, export, huggingface, students


@dataclass(frozen=True, slots=True)
class TeacherSource:
    """A teacher that exists and knows every class of the data; its weights are not loaded yet."""

    kind: str
    name: str
    folder: Path
    columns: tuple[int, ...]
    """For each class of the data the index of the teacher's output."""
    identity: str
    """SHA-256 over weights, configuration, preprocessing and columns."""
    bytes: int
    """Size of the weights on disk."""


@dataclass(frozen=True, slots=True)
class LoadedTeacher:
    """A teacher in memory, in evaluation mode."""

    model: nn.Module
    """Maps a batch of what ``read`` gives to ``[batch, teacher's classes]``."""
    read: Callable[[Path], Tensor]
    """Read one picture as float32 ``[channels, height, width]``, prepared as the teacher wants it."""
    columns: Tensor
    parameters: int

    def logits(self, inputs: Tensor) -> Tensor:
        """Logits for the data's classes, float32 ``[batch, classes]``."""
        with torch.inference_mode():
            every: Tensor = self.model(inputs)
            return every.to(torch.float32)[:, self.columns.to(inputs.device)]


def find(spec: TeacherSpec, home: Path, classes: tuple[str, ...]) -> TeacherSource:
    """Look the teacher up. Raises Refused when it is absent, unusable or does not know a class of the data."""
    folder = home / spec.path
    if not folder.is_dir():
        raise Refused(
            Sentence(
                gettext_noop("The teacher {name} has no model directory {path}. Choose another one or put it there."),
                {"name": shown(spec.name), "path": shown(spec.path)},
            )
        )
    if spec.kind == "task":
        known = tuple(map(str, export.read_config(folder)["classes"]))
        files = [folder / export.CONFIG, folder / export.WEIGHTS]
        _require_file(spec, folder / export.WEIGHTS)
    else:
        known = huggingface.class_names(folder)
        files = [folder / "config.json", folder / huggingface.PREPROCESSOR, *huggingface.weight_files(folder)]
    columns = match_classes(spec.name, known, classes)
    hashes = {file.name: atomic.sha256_of(file) for file in files}
    identity = json.dumps([spec.kind, hashes, columns, pictures.READER_VERSION], sort_keys=True)
    return TeacherSource(
        kind=spec.kind,
        name=spec.name,
        folder=folder,
        columns=columns,
        identity=hashlib.sha256(identity.encode()).hexdigest(),
        bytes=sum(file.stat().st_size for file in files if file.suffix == ".safetensors"),
    )


def load(source: TeacherSource, device: str) -> LoadedTeacher:
    """Load the weights onto ``device``. Raises Refused when they cannot be loaded completely."""
    if source.kind == "task":
        model, config = export.load_student(source.folder)
        read = _own_reader(int(config["image_size"]), int(config["channels"]))
    else:
        model, read = huggingface.load(source.folder)
    model = model.eval().to(device)
    return LoadedTeacher(model, read, torch.tensor(source.columns), students.parameter_count(model))


def _own_reader(size: int, channels: int) -> Callable[[Path], Tensor]:
    def read(path: Path) -> Tensor:
        picture = torch.from_numpy(pictures.read_picture(path, size, channels))
        return students.normalise(picture.permute(2, 0, 1).contiguous())

    return read


def match_classes(name: str, known: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[int, ...]:
    """For each wanted class the teacher's output of that name (compared NFC, stripped, case-insensitively).

    Raises Refused naming the classes that the teacher does not know, or that it knows twice.
    """
    by_name: dict[str, list[int]] = {}
    for index, label in enumerate(known):
        by_name.setdefault(comparable(label), []).append(index)
    found = [by_name.get(comparable(label), []) for label in wanted]
    if missing := [label for label, indices in zip(wanted, found, strict=True) if not indices]:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher {name} does not know these classes of the data set: {missing}. It knows: {known}. "
                    "Choose a teacher that was trained on these classes, or rename the class folders."
                ),
                {"name": shown(name), "missing": named(missing), "known": named(known)},
            )
        )
    if double := [label for label, indices in zip(wanted, found, strict=True) if len(indices) > 1]:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher {name} has more than one output named {classes}; rename them in its config.json."
                ),
                {"name": shown(name), "classes": named(double)},
            )
        )
    columns = tuple(indices[0] for indices in found)
    if len(set(columns)) < len(columns):
        raise Refused(
            Sentence(
                gettext_noop(
                    "Class folders of the data set differ only in upper and lower case or spaces, so they cannot be "
                    "told apart among the teacher's classes: {classes}. Rename them."
                ),
                {
                    "classes": named(
                        label for label, column in zip(wanted, columns, strict=True) if columns.count(column) > 1
                    )
                },
            )
        )
    return columns


def _require_file(spec: TeacherSpec, file: Path) -> None:
    if not file.is_file():
        raise Refused(
            Sentence(
                gettext_noop("The teacher {name} has no {file} in {path}. Train it again, or choose another one."),
                {"name": shown(spec.name), "file": file.name, "path": shown(spec.path)},
            )
        )
