"""Build the students of the catalogue from random weights.

Pictures are float32 ``[batch, channels, size, size]`` in [-1, 1], sequences ``[batch, steps, channels]``, texts int32
``[batch, tokens]``.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.students import SMALL_STEM_BELOW, STUDENTS, Student
from distillation.engine.students import cnn, lstm, resnet, textcnn, unet, vit, yolo

_STEMS = {
    "cnn": "conv3x3-stride1",
    "vit": "patch16",
    "yolov8": "conv3x3-stride2",
    "yolov5": "conv6x6-stride2",
    "unet": "conv3x3-stride1",
    "lstm": "lstm",
    "textcnn": "embedding",
}


def build(arch: str, *, classes: int, channels: int, image_size: int) -> nn.Module:
    """Build a student with weights drawn from torch's global generator.

    It answers with logits ``[batch, classes]`` (classification, sequence, text), ``[batch, classes, size, size]``
    (segmentation) or :class:`~distillation.engine.detection.outputs.Detections`. ``channels`` are those of the
    pictures, the values a step of a sequence, or the tokens of a vocabulary; ``image_size`` is of pictures alone.

    Raises Refused for a name or an image size that the catalogue does not know.
    """
    student = _buildable(arch, image_size)
    if student.family == "cnn":
        return cnn.build(classes, channels)
    if student.family == "vit":
        return vit.build(arch, classes, channels, image_size)
    if student.family == "lstm":
        return lstm.build(arch, classes, channels)
    if student.family == "textcnn":
        return textcnn.build(arch, classes, channels)
    network: Any  # the overloads of nn.Module.to lack the argument below
    if student.family == "resnet":
        network = resnet.build(arch, classes, channels, image_size)
    elif student.family == "unet":
        network = unet.build(arch, classes, channels)
    else:
        network = yolo.build(arch, classes, channels, image_size)
    fast: nn.Module = network.to(memory_format=torch.channels_last)  # an eighth faster where there are many channels
    return fast


def stem(arch: str, image_size: int) -> str:
    """Name the first layer, which for a ResNet depends on the size of the pictures."""
    family = STUDENTS[arch].family
    if family == "resnet":
        return "conv3x3-stride1" if image_size <= SMALL_STEM_BELOW else "conv7x7-stride2-maxpool"
    return _STEMS[family]


def parameter_count(model: nn.Module) -> int:
    """Trained parameters; buffers such as running means are not counted."""
    return sum(parameter.numel() for parameter in model.parameters())


def needs_pairs(model: nn.Module) -> bool:
    """Whether a batch of one picture cannot be trained on: batch normalisation has no variance then."""
    return any(isinstance(module, nn.BatchNorm2d) for module in model.modules())


def _buildable(arch: str, image_size: int) -> Student:
    student = STUDENTS.get(arch)
    if student is None:
        raise Refused(
            Sentence(
                gettext_noop("There is no student model {name}; available: {names}."),
                {"name": arch, "names": ", ".join(STUDENTS)},
            )
        )
    if student.takes_pictures and (image_size < student.min_image_size or image_size % student.size_multiple):
        raise Refused(
            Sentence(
                gettext_noop(
                    "{name} needs an image size of at least {minimum} pixels and a multiple of {multiple}; the run "
                    "asks for {found}."
                ),
                {
                    "name": arch,
                    "minimum": student.min_image_size,
                    "multiple": student.size_multiple,
                    "found": image_size,
                },
            )
        )
    return student
