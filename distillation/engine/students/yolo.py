"""Detectors in the manner of YOLOv8 and of YOLOv5 with an anchor-free head, n to x.

A backbone of cross-stage partial stages, a path-aggregation neck (Liu et al. 2018) over strides 8, 16 and 32, and
a decoupled head (Ge et al. 2021) that predicts each side of a box as a distribution (Li et al. 2020). Layers are
numbered as in the published YOLOv8 weights (``model.0`` … ``model.22``), so that those fit without renaming.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from distillation.engine.detection.outputs import REG_MAX, STRIDES, Detections
from distillation.engine.students.yolo_blocks import C3, C2f, Concat, ConvBnSilu, Sppf, Upsample

OBJECTS = 5
"""Objects that a picture is thought to hold before anything is learned."""


class _Scale(NamedTuple):
    depth: float
    width: float
    widest: int
    """Channels before ``width`` counts."""

    def channels(self, full: int) -> int:
        """The channels of a layer that has ``full`` in the network of scale 1; a multiple of 8."""
        return math.ceil(min(full, self.widest) * self.width / 8) * 8

    def repeats(self, full: int) -> int:
        """The bottlenecks of a stage that has ``full`` in the network of scale 1."""
        return max(round(full * self.depth), 1)


_SCALES: dict[str, _Scale] = {
    "yolov8n": _Scale(0.33, 0.25, 1024),
    "yolov8s": _Scale(0.33, 0.50, 1024),
    "yolov8m": _Scale(0.67, 0.75, 768),
    "yolov8l": _Scale(1.00, 1.00, 512),
    "yolov8x": _Scale(1.00, 1.25, 512),
    "yolov5n": _Scale(0.33, 0.25, 1024),
    "yolov5s": _Scale(0.33, 0.50, 1024),
    "yolov5m": _Scale(0.67, 0.75, 1024),
    "yolov5l": _Scale(1.00, 1.00, 1024),
    "yolov5x": _Scale(1.33, 1.25, 1024),
}

_PREVIOUS = (-1,)


class _Layer(NamedTuple):
    module: nn.Module
    sources: tuple[int, ...] = _PREVIOUS
    """Numbers of the layers whose outputs it reads."""


class Head(nn.Module):
    """Two branches on each level of the neck: ``cv2`` answers with boxes, ``cv3`` with classes."""

    def __init__(self, classes: int, levels: tuple[int, ...], image_size: int) -> None:
        super().__init__()
        box_width = max(16, levels[0] // 4, 4 * REG_MAX)
        class_width = max(levels[0], min(classes, 100))
        self.cv2 = nn.ModuleList(_branch(level, box_width, 4 * REG_MAX) for level in levels)
        self.cv3 = nn.ModuleList(_branch(level, class_width, classes) for level in levels)
        for branch, stride in zip(self.cv3, STRIDES, strict=True):
            _expect_few(branch, classes, cells=(image_size / stride) ** 2)

    def forward(self, levels: tuple[Tensor, Tensor, Tensor]) -> Detections:
        """Answer for every cell of ``levels``, each ``[batch, channels, H, W]``."""
        return Detections(_by_anchor(self.cv3, levels), _by_anchor(self.cv2, levels), levels)


class Detector(nn.Module):
    """Backbone, neck and head as one list of numbered layers."""

    def __init__(self, layers: list[_Layer], outputs: tuple[int, int, int], head: Head) -> None:
        super().__init__()
        self.model = nn.ModuleList([*(layer.module for layer in layers), head])
        self._sources = tuple(layer.sources for layer in layers)
        self._outputs = outputs
        self._kept = {*outputs, *(source for layer in layers for source in layer.sources if source >= 0)}

    def forward(self, pictures: Tensor) -> Detections:
        """Map ``[batch, channels, S, S]``, S a multiple of 32, to what the head answers."""
        kept: dict[int, Tensor] = {}
        x = pictures
        for number, sources in enumerate(self._sources):
            x = self.model[number](*(x if source < 0 else kept[source] for source in sources))
            if number in self._kept:
                kept[number] = x
        p3, p4, p5 = self._outputs
        found: Detections = self.model[-1]((kept[p3], kept[p4], kept[p5]))
        return found


def build(arch: str, classes: int, channels: int, image_size: int) -> Detector:
    """Build one of ten detectors; ``image_size`` sets how rare objects are thought to be at first."""
    scale = _SCALES[arch]
    layers, outputs = _yolov8(scale, channels) if arch.startswith("yolov8") else _yolov5(scale, channels)
    levels = tuple(scale.channels(full) for full in (256, 512, 1024))
    return Detector(layers, outputs, Head(classes, levels, image_size))


def _yolov8(scale: _Scale, channels: int) -> tuple[list[_Layer], tuple[int, int, int]]:
    c1, c2, c3, c4, c5 = (scale.channels(full) for full in (64, 128, 256, 512, 1024))
    short, long = scale.repeats(3), scale.repeats(6)
    layers = [
        _Layer(ConvBnSilu(channels, c1, 3, 2)),
        _Layer(ConvBnSilu(c1, c2, 3, 2)),
        _Layer(C2f(c2, c2, short, shortcut=True)),
        _Layer(ConvBnSilu(c2, c3, 3, 2)),
        _Layer(C2f(c3, c3, long, shortcut=True)),
        _Layer(ConvBnSilu(c3, c4, 3, 2)),
        _Layer(C2f(c4, c4, long, shortcut=True)),
        _Layer(ConvBnSilu(c4, c5, 3, 2)),
        _Layer(C2f(c5, c5, short, shortcut=True)),
        _Layer(Sppf(c5, c5)),  # 9: the backbone ends
        _Layer(Upsample()),
        _Layer(Concat(), (-1, 6)),
        _Layer(C2f(c5 + c4, c4, short, shortcut=False)),
        _Layer(Upsample()),
        _Layer(Concat(), (-1, 4)),
        _Layer(C2f(c4 + c3, c3, short, shortcut=False)),  # 15: P3
        _Layer(ConvBnSilu(c3, c3, 3, 2)),
        _Layer(Concat(), (-1, 12)),
        _Layer(C2f(c3 + c4, c4, short, shortcut=False)),  # 18: P4
        _Layer(ConvBnSilu(c4, c4, 3, 2)),
        _Layer(Concat(), (-1, 9)),
        _Layer(C2f(c4 + c5, c5, short, shortcut=False)),  # 21: P5
    ]
    return layers, (15, 18, 21)


def _yolov5(scale: _Scale, channels: int) -> tuple[list[_Layer], tuple[int, int, int]]:
    c1, c2, c3, c4, c5 = (scale.channels(full) for full in (64, 128, 256, 512, 1024))
    short, long, longest = (scale.repeats(full) for full in (3, 6, 9))
    layers = [
        _Layer(ConvBnSilu(channels, c1, 6, 2, padding=2)),
        _Layer(ConvBnSilu(c1, c2, 3, 2)),
        _Layer(C3(c2, c2, short, shortcut=True)),
        _Layer(ConvBnSilu(c2, c3, 3, 2)),
        _Layer(C3(c3, c3, long, shortcut=True)),
        _Layer(ConvBnSilu(c3, c4, 3, 2)),
        _Layer(C3(c4, c4, longest, shortcut=True)),
        _Layer(ConvBnSilu(c4, c5, 3, 2)),
        _Layer(C3(c5, c5, short, shortcut=True)),
        _Layer(Sppf(c5, c5)),  # 9: the backbone ends
        _Layer(ConvBnSilu(c5, c4)),
        _Layer(Upsample()),
        _Layer(Concat(), (-1, 6)),
        _Layer(C3(2 * c4, c4, short, shortcut=False)),
        _Layer(ConvBnSilu(c4, c3)),
        _Layer(Upsample()),
        _Layer(Concat(), (-1, 4)),
        _Layer(C3(2 * c3, c3, short, shortcut=False)),  # 17: P3
        _Layer(ConvBnSilu(c3, c3, 3, 2)),
        _Layer(Concat(), (-1, 14)),
        _Layer(C3(2 * c3, c4, short, shortcut=False)),  # 20: P4
        _Layer(ConvBnSilu(c4, c4, 3, 2)),
        _Layer(Concat(), (-1, 10)),
        _Layer(C3(2 * c4, c5, short, shortcut=False)),  # 23: P5
    ]
    return layers, (17, 20, 23)


def _branch(before: int, width: int, answers: int) -> nn.Sequential:
    return nn.Sequential(ConvBnSilu(before, width, 3), ConvBnSilu(width, width, 3), nn.Conv2d(width, answers, 1))


def _expect_few(branch: nn.Module, classes: int, cells: float) -> None:
    """Start each class at its share of the cells, lest empty ones rule the first losses (Lin et al. 2017, 4.1)."""
    share = min(OBJECTS / (classes * cells), 0.5)
    bias = branch[-1].bias  # type: ignore[index]
    nn.init.constant_(bias, math.log(share / (1 - share)))


def _by_anchor(branches: nn.ModuleList, levels: tuple[Tensor, ...]) -> Tensor:
    """``[batch, A, answers]``: the cells of each level row by row."""
    maps = [branch(level).flatten(2) for branch, level in zip(branches, levels, strict=True)]
    return torch.cat(maps, dim=2).transpose(1, 2)
