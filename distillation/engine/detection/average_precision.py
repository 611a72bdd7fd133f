"""COCO's average precision, by faster-coco-eval (Lin et al. 2014; the rules of pycocotools)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster
from numpy.typing import NDArray

from distillation.engine.detection.matching import FoundBoxes, TrueBoxes

LIMIT = 100
"""Boxes of one class in one picture that count, the surest: COCO's rule."""
_EVERY_AREA = (0.0, 1e10)
_AT_ONCE = 100_000
"""Boxes for which the library's objects (about 1 KB each) exist at a time."""


class AveragePrecision(NamedTuple):
    """Shares 0 … 1 by class, float64 ``[classes]``; NaN for a class without an object."""

    at_50: NDArray[np.float64]
    """At an IoU of 0.5."""
    at_50_to_95: NDArray[np.float64]
    """The mean over IoU 0.50, 0.55 … 0.95."""


def average_precision(found: Sequence[FoundBoxes], true: Sequence[TrueBoxes], classes: int) -> AveragePrecision:
    """Compare what was found in each picture with its objects."""
    result = AveragePrecision(np.full(classes, np.nan), np.full(classes, np.nan))
    objects = np.bincount(_joined([picture.labels for picture in true]), minlength=classes)
    boxes = np.bincount(_joined([picture.labels for picture in found]), minlength=classes)
    for block in _blocks(objects, boxes):
        precision = _precision(found, true, block)  # [IoU, recall, class]
        result.at_50[block] = precision[0].mean(axis=0)
        result.at_50_to_95[block] = precision.mean(axis=(0, 1))
    return result


def _joined(labels: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(0, np.int64), *labels])


def _blocks(objects: NDArray[Any], boxes: NDArray[Any]) -> Iterator[NDArray[np.int64]]:
    """Groups of the classes that have objects; their figures do not depend on one another."""
    block: list[int] = []
    in_block = 0
    for label in np.flatnonzero(objects).tolist():
        of_label = int(objects[label] + boxes[label])
        if block and in_block + of_label > _AT_ONCE:
            yield np.array(block)
            block, in_block = [], 0
        block.append(label)
        in_block += of_label
    if block:
        yield np.array(block)


def _precision(
    found: Sequence[FoundBoxes], true: Sequence[TrueBoxes], classes: NDArray[np.int64]
) -> NDArray[np.float64]:
    """``[10 IoU, 101 recalls, classes]``."""
    categories = [{"id": int(label) + 1, "name": str(label)} for label in classes]
    objects = [entry for number, picture in enumerate(true, 1) for entry in _objects(number, picture, classes)]
    for number, entry in enumerate(objects, 1):  # 0 would mean nobody to the library
        entry["id"] = number
    images = [{"id": number} for number in range(1, len(true) + 1)]
    truth = COCO({"images": images, "categories": categories, "annotations": objects})
    answers = truth.loadRes(
        [entry for number, picture in enumerate(found, 1) for entry in _answers(number, picture, classes)]
    )
    evaluation = COCOeval_faster(truth, answers, iouType="bbox")
    evaluation.params.areaRng, evaluation.params.areaRngLbl = [list(_EVERY_AREA)], ["all"]
    evaluation.params.maxDets = [LIMIT]
    evaluation.evaluate()
    evaluation.accumulate()
    return np.asarray(evaluation.eval["precision"], np.float64)[:, :, :, 0, 0]


def _objects(number: int, picture: TrueBoxes, classes: NDArray[np.int64]) -> Iterator[dict[str, Any]]:
    chosen = np.isin(picture.labels, classes)
    sizes = _left_top_size(picture.boxes[chosen])
    for label, box in zip(picture.labels[chosen].tolist(), sizes, strict=True):
        yield {"image_id": number, "category_id": label + 1, "bbox": box, "area": box[2] * box[3], "iscrowd": 0}


def _answers(number: int, picture: FoundBoxes, classes: NDArray[np.int64]) -> Iterator[dict[str, Any]]:
    chosen = np.isin(picture.labels, classes)
    labels, scores = picture.labels[chosen].tolist(), picture.scores[chosen].tolist()
    for label, score, box in zip(labels, scores, _left_top_size(picture.boxes[chosen]), strict=True):
        # An outline that is there, if empty, spares the library making one.
        yield {"image_id": number, "category_id": label + 1, "bbox": box, "score": score, "segmentation": []}


def _left_top_size(boxes: NDArray[np.float32]) -> list[list[float]]:
    exact = boxes.astype(np.float64)
    sizes: list[list[float]] = np.concatenate((exact[:, :2], exact[:, 2:] - exact[:, :2]), axis=1).tolist()
    return sizes
