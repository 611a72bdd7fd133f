"""A data set whose marked boxes are prompts: what a teacher draws masks into becomes a segmentation data set.

Outlines that are drawn already stay; of pictures with a box alone nobody has said which pixels are whose.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import assembling, layout, recognition
from distillation.datasets.class_names import is_background
from distillation.datasets.samples import BACKGROUND, DataSet, Finding, Objects, Sample

_SEGMENTATION, _DETECTION = "segmentation", "detection"


def classes_of(names: tuple[str, ...]) -> tuple[str, ...]:
    """The classes of a run whose boxes have these: the background is the first."""
    return (BACKGROUND, *(name for name in names if not is_background(name)))


def no_boxes(name: str, kind: str) -> Sentence:
    """Say that a data set of the layout ``kind`` has nothing to draw into."""
    return Sentence(
        gettext_noop(
            "The data set {root} ({layout}) marks no boxes, and a SAM teacher draws its masks into boxes. Choose a "
            "data set with boxes (YOLO, COCO, VOC, LabelMe), or another teacher."
        ),
        {"root": layout.shown(name), "layout": kind},
    )


def read(root: Path, val_root: Path | None) -> DataSet:
    """Read boxes with a class each, in whatever layout they lie. Raises Refused, also where there are none."""
    found = recognition.recognise(root) if root.is_dir() else None
    if found is not None and _DETECTION not in found.task_types:
        raise Refused(no_boxes(root.name, found.layout))
    if found is not None and _SEGMENTATION in found.task_types:
        return _prompted(recognition.read_pictures(root, val_root, _SEGMENTATION))
    return _prompted(_with_background(recognition.read_pictures(root, val_root, _DETECTION)))


def _prompted(data: DataSet) -> DataSet:
    """Without what has no prompt, and without a word about boxes that are no outlines: they are what is wanted."""
    findings = [finding for finding in data.findings if finding.kind != "rectangle"]
    if data.unlabeled:
        sentence = Sentence(
            gettext_noop("{count} unlabelled pictures are not used: without a box the teacher draws nothing: {names}."),
            {"count": len(data.unlabeled), "names": layout.named(sample.path for sample in data.unlabeled)},
        )
        findings.append(Finding("without_box", len(data.unlabeled), sentence))
    digest = assembling.digest(data.classes, (data.train, data.val, ()))
    return replace(data, unlabeled=(), findings=tuple(findings), digest=digest)


def _with_background(data: DataSet) -> DataSet:
    """The same boxes for segmentation: the background is class 0."""
    classes = classes_of(data.classes)
    labels = [classes.index(BACKGROUND if is_background(name) else name) for name in data.classes]

    def moved(samples: tuple[Sample, ...]) -> tuple[Sample, ...]:
        return tuple(_relabelled(sample, labels) for sample in samples)

    train, val = moved(data.train), moved(data.val)
    return replace(data, task_type=_SEGMENTATION, classes=classes, train=train, val=val)


def _relabelled(sample: Sample, labels: list[int]) -> Sample:
    target = sample.target
    assert isinstance(target, Objects)  # noqa: S101 - what detection reads
    moved = np.array(labels, np.int64)[target.labels]
    return replace(sample, target=replace(target, labels=moved))
