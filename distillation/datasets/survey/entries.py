"""A sample in the form that the index keeps: JSON of the label, enough to draw it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distillation.datasets import texts
from distillation.datasets.samples import ClassMap, DataSet, Objects, Sample
from distillation.datasets.sequences import SequenceData, SequenceSplit
from distillation.datasets.shapes import RunLength, Shape

SPLITS = ("train", "val", "unlabeled")
LONGEST_TEXT = 2_000
"""Characters of a text that are kept."""
STEPS, CHANNELS = 200, 6
"""Of a series."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One sample."""

    path: str
    """Of a picture, relative to the split's root; empty for rows."""
    size: int
    mtime_ns: int
    labels: tuple[int, ...]
    """Classes of the sample, of each object of it; empty where unknown or unlabelled."""
    body: dict[str, Any]
    """What ``thumbnails`` and the page draw."""


def entries(data: DataSet | SequenceData | texts.TextData, split: str) -> Iterator[Entry]:
    """The samples of a split in their order."""
    if isinstance(data, DataSet):
        return (_picture(sample) for sample in getattr(data, split))
    if isinstance(data, SequenceData):
        return _series(getattr(data, split))
    return _texts(getattr(data, split))


def _picture(sample: Sample) -> Entry:
    target = sample.target
    labels: tuple[int, ...] = ()
    body: dict[str, Any] = {}
    if isinstance(target, int):
        labels = (target,)
    elif isinstance(target, ClassMap):
        body = {"mask": target.path, "values": target.values}
    elif isinstance(target, Objects):
        labels = tuple(target.labels.tolist())
        body = {"boxes": np.round(target.boxes.astype(float), 1).tolist()}
        if len(target.shapes):
            body["shapes"] = [_shape(shape) for shape in target.shapes]
    return Entry(sample.path, sample.size, sample.mtime_ns, labels, body)


def _shape(shape: Shape) -> dict[str, Any]:
    if isinstance(shape, RunLength):
        return {"size": [shape.width, shape.height], "counts": shape.counts.tolist()}
    return {"rings": [np.round(ring.astype(float), 1).ravel().tolist() for ring in shape]}


def _series(split: SequenceSplit) -> Iterator[Entry]:
    for number in range(len(split)):
        length = int(split.lengths[number])
        values = split.values[number, :length, :CHANNELS]
        chosen = np.linspace(0, max(length - 1, 0), min(length, STEPS)).round().astype(np.int64)
        body = {"series": _plain(values[chosen].T), "steps": length, "features": int(split.values.shape[2])}
        yield Entry("", 0, 0, _label(int(split.labels[number])), body)


def _plain(values: NDArray[np.float32]) -> list[list[float]]:
    return [[float(f"{value:.5g}") for value in row] for row in values.tolist()]


def _texts(split: texts.TextSplit) -> Iterator[Entry]:
    for text, label in zip(split.texts, split.labels.tolist(), strict=True):
        yield Entry("", 0, 0, _label(label), {"text": text[:LONGEST_TEXT], "characters": len(text)})


def _label(label: int) -> tuple[int, ...]:
    return (label,) if label >= 0 else ()
