"""Semantic segmenters in local Hugging Face directories: SegFormer, UperNet, … of transformers, asked about views.

A view is the student's square at the student's size; the segmenter sees it at the size that its image processor states
and answers for every pixel of the square. A crop that the processor may state is left out: pixels would have no answer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from distillation.contract.spec import TeacherSpec
from distillation.contract.teachers import FAMILIES
from distillation.datasets.class_names import is_background
from distillation.engine.importing import from_transformers
from distillation.engine.teachers import directory, image_classifier, object_detector, quantisation
from distillation.engine.teachers.class_columns import match_classes
from distillation.engine.teachers.source import Examined, TeacherSource

REST = -1
"""The column of a background: whatever the data has no class for."""
_WHITE = 255.0
_TRIED = 64
"""Pixels of the empty picture that a quantised segmenter is tried with."""


class ViewSegmenter(nn.Module):
    """A segmenter that takes what students take, and answers for the data's classes."""

    mean: Tensor
    """``[1, channels, 1, 1]``; so is ``std``."""
    std: Tensor

    def __init__(self, model: Any, processor: Any, columns: tuple[int, ...]) -> None:
        super().__init__()
        self.model = model
        self._columns = columns
        taken = set(columns)
        self._rest = [index for index in range(len(model.config.id2label)) if index not in taken]
        self._scale = float(processor.rescale_factor) if processor.do_rescale else 1.0
        channels = int(getattr(model.config, "num_channels", 3) or 3)
        mean, std = (
            (processor.image_mean, processor.image_std)
            if processor.do_normalize
            else ([0.0] * channels, [1.0] * channels)
        )
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1))
        self._size = _size(processor) if processor.do_resize else None

    def forward(self, views: Tensor) -> Tensor:
        """Map views in [-1, 1] ``[batch, channels, size, size]`` to logits ``[batch, classes, size, size]``."""
        pixels = (views + 1.0) * (_WHITE / 2) * self._scale
        ready = (pixels.expand(-1, self.mean.shape[1], -1, -1) - self.mean) / self.std
        if self._size is not None and tuple(ready.shape[2:]) != self._size:
            ready = F.interpolate(ready, self._size, mode="bilinear", align_corners=False, antialias=True)
        logits = self.model(pixel_values=ready.to(quantisation.dtype_of(self.model))).logits.float()
        every = F.interpolate(logits, views.shape[2:], mode="bilinear", align_corners=False)
        return torch.stack([self._column(every, column) for column in self._columns], dim=1)

    def _column(self, every: Tensor, column: int) -> Tensor:
        """The logit of a class. That of the background is log Σ exp over the rest: its softmax is their sum."""
        return every[:, self._rest].logsumexp(dim=1) if column == REST else every[:, column]


def examine(spec: TeacherSpec, folder: Path, classes: tuple[str, ...]) -> Examined:
    """Match its classes; a background of the data is everything else that it knows.

    Raises Refused when files are absent, a class is unknown (the background where nothing else is left) or timm is
    needed.
    """
    object_detector.refuse_timm(spec, folder)
    known = image_classifier.class_names(folder)
    objects = tuple(name for name in classes if not is_background(name))
    by_name = dict(zip(objects, match_classes(spec.name, known, objects), strict=True))
    if len(by_name) == len(known):
        match_classes(spec.name, known, classes)
    columns = tuple(by_name.get(name, REST) for name in classes)
    return Examined(columns, directory.weight_files(folder), directory.setting_files(folder))


def load(source: TeacherSource, device: str) -> ViewSegmenter:
    """Load the segmenter. Raises Refused."""
    what = FAMILIES[source.kind].label
    processor = directory.load_processor(from_transformers("AutoImageProcessor"), source.folder, what)
    network: Any = directory.load_model(
        from_transformers("AutoModelForSemanticSegmentation"), source.folder, source.quantization, what
    )
    network = quantisation.prepare(network, source.quantization, device, source.name)
    model = ViewSegmenter(network, processor, source.columns).eval().to(device)
    empty = torch.zeros(1, model.mean.shape[1], _TRIED, _TRIED, device=device)
    quantisation.require_works(lambda: model(empty), source.quantization, source.name)
    return model


def _size(processor: Any) -> tuple[int, int] | None:
    """Height and width for a square picture; None where the processor bounds the sides without stating one."""
    size = processor.size
    short = size.get("shortest_edge")
    height, width = size.get("height", short), size.get("width", short)
    return None if height is None or width is None else (int(height), int(width))
