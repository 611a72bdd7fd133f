"""A student as it is deployed: it takes plain pixels or readings, and a detector answers with boxes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from distillation.engine.detection import anchors as places
from distillation.engine.detection import boxes as geometry
from distillation.engine.exporting.pooling import FixedPool

SEQUENCE_STEPS = 8
"""Steps of the sequence that is traced; the graph takes any number."""


class Deployed(nn.Module):
    """A network behind its normalisation: pictures ``[batch, channels, S, S]`` of 0 … 255, or sequences as stored."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, config: dict[str, Any]) -> None:
        """``config`` is the content of ``config.json``."""
        super().__init__()
        self.network = network
        sides = (1, -1, 1, 1) if config["image_size"] else (1, 1, -1)
        for name in ("mean", "std"):
            value = torch.tensor(config["normalisation"][name], dtype=torch.float32)
            self.register_buffer(name, value.reshape(-1).expand(config["channels"]).clone().reshape(sides))

    def forward(self, values: Tensor) -> Any:
        """Map plain values to logits, with the classes in the second dimension."""
        return self.network((values - self.mean) / self.std)


class DeployedDetector(Deployed):
    """Answers with every anchor's box and scores; nothing is left out and nothing suppressed."""

    points: Tensor
    strides: Tensor

    def __init__(self, network: nn.Module, config: dict[str, Any]) -> None:
        super().__init__(network, config)
        anchors = places.anchors(config["image_size"], torch.device("cpu"))
        self.register_buffer("points", anchors.points)
        self.register_buffer("strides", anchors.strides)

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Boxes ``[batch, A, 4]`` (left, top, right, bottom) in pixels of the input, scores ``[batch, A, classes]``."""
        answers = super().forward(values)
        boxes = geometry.from_distances(self.points, self.strides, geometry.distances(answers.boxes))
        return boxes, answers.classes.sigmoid()


def plain(network: nn.Module, config: dict[str, Any]) -> Deployed:
    """The deployed form of a loaded student on the CPU, with the network as it is."""
    kind = DeployedDetector if config["task_type"] == "detection" else Deployed
    return kind(network, config).eval()


def of(network: nn.Module, config: dict[str, Any]) -> Deployed:
    """The same in operations that ONNX has: pooling in ``network`` may be replaced by an equal one, in place."""
    deployed = plain(network, config)
    if config["image_size"]:
        FixedPool.replace(deployed, example(config))
    return deployed


def output_names(config: dict[str, Any]) -> tuple[str, ...]:
    """What the answers are called, in order."""
    return ("boxes", "scores") if config["task_type"] == "detection" else ("logits",)


def example(config: dict[str, Any]) -> Tensor:
    """Two samples with which a deployed student is traced: one would make a batch of one look like a constant."""
    size, channels = config["image_size"], config["channels"]
    shape = (2, channels, size, size) if size else (2, SEQUENCE_STEPS, channels)
    return torch.arange(torch.Size(shape).numel(), dtype=torch.float32).reshape(shape) % 256
