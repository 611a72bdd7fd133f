"""Image classifiers in local Hugging Face directories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import TeacherSpec
from distillation.contract.teachers import FAMILIES
from distillation.datasets import pictures
from distillation.datasets.layout import shown
from distillation.engine import atomic, students
from distillation.engine.importing import from_transformers
from distillation.engine.students import LogitsOnly
from distillation.engine.teachers import directory, quantisation
from distillation.engine.teachers.class_columns import match_classes
from distillation.engine.teachers.source import Examined, LoadedTeacher, Read, TeacherSource


def examine(spec: TeacherSpec, folder: Path, classes: tuple[str, ...]) -> Examined:
    """Match its classes. Raises Refused when files are absent or a class is unknown."""
    columns = match_classes(spec.name, class_names(folder), classes)
    return Examined(columns, directory.weight_files(folder), directory.setting_files(folder))


def class_names(folder: Path) -> tuple[str, ...]:
    """The teacher's classes in the order of its outputs. Raises Refused where config.json does not name them."""
    config = atomic.read_json(folder / directory.CONFIG)
    labels = config.get("id2label") if isinstance(config, dict) else None
    try:
        by_index = {int(index): str(label) for index, label in dict(labels or {}).items()}
        names = tuple(by_index[index] for index in range(len(by_index)))
    except (TypeError, ValueError, KeyError):
        names = ()
    if not names:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher in {folder} has no config.json that names its classes (id2label). Save it with "
                    "save_pretrained after setting id2label."
                ),
                {"folder": shown(folder.name)},
            )
        )
    return names


def load(source: TeacherSource, device: str) -> LoadedTeacher:
    """Load the classifier and the reader of its pictures. Raises Refused when something is missing or damaged."""
    what = FAMILIES["huggingface"].label
    processor = directory.load_processor(from_transformers("AutoImageProcessor"), source.folder, what)
    network: Any = directory.load_model(
        from_transformers("AutoModelForImageClassification"), source.folder, source.quantization, what
    )
    parameters, channels = students.parameter_count(network), int(getattr(network.config, "num_channels", 3) or 3)
    model = quantisation.prepare_classifier(LogitsOnly(network), source.quantization, device, source.name)
    return LoadedTeacher(model, reader(processor, channels), torch.tensor(source.columns), parameters, network)


def reader(processor: Any, channels: int) -> Read:
    """Read a picture as the image processor prepares it: float32 ``[channels, height, width]``."""

    def read(path: Path) -> Tensor:
        picture = pictures.open_picture(path, channels)
        if channels == 1:
            ready = processor(pictures.as_array(picture), input_data_format="channels_last", return_tensors="pt")
        else:
            ready = processor(picture, return_tensors="pt")
        pixels: Tensor = ready["pixel_values"][0]
        return pixels.to(torch.float32)

    return read
