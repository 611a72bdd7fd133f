"""A finished model as something that labels pictures: file in, labels in pixels of the upright picture out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.task_types import USUAL_TYPE
from distillation.datasets import pictures
from distillation.datasets.class_names import is_background, of_objects
from distillation.datasets.layout import named
from distillation.datasets.writing.labels import Box, Label
from distillation.engine import export, students
from distillation.engine.detection import letterbox
from distillation.engine.detection.decode import Decoding, Found, decode
from distillation.engine.detection.letterbox import Letterbox
from distillation.engine.labelling import components

_SMALLEST_SIDE = 0.01
"""Pixels. What is cut at the edge down to less is nothing that could be corrected."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture as the model reads it."""

    pixels: NDArray[np.uint8]
    """``[channels, size, size]``."""
    width: int
    """Of the upright picture in its file, in pixels."""
    height: int


class Predictor(Protocol):
    """A model in evaluation mode."""

    @property
    def task_type(self) -> str:
        """What kind of labels it gives."""

    @property
    def classes(self) -> tuple[str, ...]:
        """What the numbers of labels mean."""

    def read(self, path: Path) -> Prepared:
        """Read a picture as training read it; may be called in several threads. Raises Unreadable."""

    def predict(self, batch: Sequence[Prepared], thresholds: Sequence[float]) -> list[tuple[Label, ...]]:
        """Label pictures, the surest label first; ``thresholds`` are the least scores, one a class."""


@dataclass(frozen=True, slots=True)
class _Model:
    network: nn.Module
    classes: tuple[str, ...]
    channels: int
    size: int
    device: str

    def __call__(self, batch: Sequence[Prepared]) -> Any:
        """The network's raw answers."""
        pixels = torch.from_numpy(np.stack([picture.pixels for picture in batch])).to(self.device)
        with torch.inference_mode():
            return self.network(students.normalise(pixels))


class Classifier:
    """One label a picture, with its probability as score."""

    task_type = "classification"

    def __init__(self, model: _Model) -> None:
        self._model = model
        self.classes = model.classes

    def read(self, path: Path) -> Prepared:
        """Stretched to a square, as in training. Raises Unreadable."""
        pixels, own = pictures.read_sized(path, self._model.size, self._model.channels)
        return Prepared(pixels.transpose(2, 0, 1), *own)

    def predict(self, batch: Sequence[Prepared], thresholds: Sequence[float]) -> list[tuple[Label, ...]]:
        """The likeliest class, or none where it does not reach its threshold."""
        best, number = self.probabilities(batch).max(dim=1)
        found = zip(number.tolist(), best.tolist(), strict=True)
        return [(Label(one, round(score, 4)),) if score >= thresholds[one] else () for one, score in found]

    def probabilities(self, batch: Sequence[Prepared]) -> Tensor:
        """Of every class, float32 ``[pictures, classes]``."""
        logits: Tensor = self._model(batch)
        return logits.float().softmax(dim=1)


class Squared:
    """What models that see pictures in their proportions have in common."""

    def __init__(self, model: _Model) -> None:
        self._model = model
        self.classes = model.classes

    def read(self, path: Path) -> Prepared:
        """In its proportions within a square, as in training. Raises Unreadable."""
        picture = pictures.open_picture(path, self._model.channels)
        pixels = letterbox.fitted(pictures.as_array(picture), self._model.size)
        return Prepared(pixels.transpose(2, 0, 1), *picture.size)

    def _place(self, picture: Prepared) -> Letterbox:
        return Letterbox(picture.width, picture.height, self._model.size)


class Segmenter(Squared):
    """Polygons with a class each."""

    task_type = "segmentation"

    def predict(self, batch: Sequence[Prepared], thresholds: Sequence[float]) -> list[tuple[Label, ...]]:
        """Connected pixels of one class, in the picture's own size; the background is no object."""
        logits: Tensor = self._model(batch)
        marked = [number for number, name in enumerate(self.classes) if not is_background(name)]
        return [
            components.labels(one, self._place(picture), marked, thresholds)
            for picture, one in zip(batch, logits.float().softmax(dim=1).cpu().numpy(), strict=True)
        ]


class Detector(Squared):
    """Boxes with a class each."""

    task_type = "detection"

    def predict(self, batch: Sequence[Prepared], thresholds: Sequence[float]) -> list[tuple[Label, ...]]:
        """Boxes after suppression, cut at the picture's edges."""
        found = decode(self._model(batch), Decoding(confidence=tuple(thresholds)))
        return [self._labels(picture, objects) for picture, objects in zip(batch, found, strict=True)]

    def _labels(self, picture: Prepared, found: Found) -> tuple[Label, ...]:
        boxes = self._place(picture).out_of(found.boxes.cpu().numpy().reshape(-1, 4)).astype(np.float64).round(2)
        rows = zip(found.labels.tolist(), found.scores.tolist(), boxes.tolist(), strict=True)
        labels = (Label(number, round(score, 4), (*box,)) for number, score, box in rows)
        return tuple(label for label in labels if label.box and _has_area(label.box))


def _has_area(box: Box) -> bool:
    left, top, right, bottom = box
    return min(right - left, bottom - top) >= _SMALLEST_SIDE


_PREDICTORS: dict[str, Callable[[_Model], Predictor]] = {
    Classifier.task_type: Classifier,
    Detector.task_type: Detector,
    Segmenter.task_type: Segmenter,
}
"""By type of task; the other types cannot label yet."""


def load(folder: Path, device: str = "cpu", threads: int | None = None) -> Predictor:
    """Load the model directory of a finished task.

    Raises Refused for one that cannot be loaded, or whose kind of task has no labels to write.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    network, config = export.load_student(folder)
    task_type = str(config.get("task_type") or USUAL_TYPE)
    make = _PREDICTORS.get(task_type)
    if make is None:
        raise Refused(
            Sentence(
                gettext_noop("The model was made for {task_type}; pictures are labelled by models for {known}."),
                {"task_type": task_type, "known": ", ".join(_PREDICTORS)},
            )
        )
    classes = tuple(map(str, config["classes"]))
    network = network.to(device)
    return make(_Model(network, classes, int(config["channels"]), int(config["image_size"]), device))


def thresholds(
    classes: Sequence[str], least: float, by_class: Sequence[tuple[str, float]], task_type: str = USUAL_TYPE
) -> tuple[float, ...]:
    """The least score of each class. Raises Refused for a class that the model does not give."""
    stated, known = dict(by_class), of_objects(classes, task_type)
    if unknown := sorted(set(stated) - set(known)):
        raise Refused(
            Sentence(
                gettext_noop("Thresholds name the classes {unknown}; the model knows {known}."),
                {"unknown": named(unknown), "known": named(known)},
            )
        )
    return tuple(stated.get(name, least) for name in classes)
