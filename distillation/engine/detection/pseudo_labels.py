"""A teacher's boxes as labels: moved into the student's square, judged on held-out pictures, refused when too few."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import NAMED, shown
from distillation.engine.augmentation.labelled import Guesses
from distillation.engine.detection.letterbox import Letterbox
from distillation.engine.detection.matching import FoundBoxes, TrueBoxes
from distillation.engine.detection.metrics import DetectionMetrics

LEAST_SHARE = 0.1
"""Of the labelled pictures with objects: the teacher must find something in as many."""


def guesses(found: FoundBoxes, place: Letterbox) -> Guesses:
    """The boxes of a picture's pixels as boxes of the square."""
    return Guesses(place.into(found.boxes), found.labels, found.scores)


def figures(found: Iterable[FoundBoxes], true: Iterable[TrueBoxes], classes: tuple[str, ...]) -> dict[str, Any]:
    """mAP and the rest of what was kept: boxes below the teacher's threshold cannot count. ``accuracy`` is mAP50."""
    metrics = DetectionMetrics(classes)
    for of_picture, objects in zip(found, true, strict=True):
        metrics.add(of_picture, objects)
    measured = metrics.figures()
    return {**measured, "accuracy": measured["map50"] or 0.0}


def require_enough(
    name: str,
    found: Mapping[int, FoundBoxes],
    with_objects: Sequence[int] | NDArray[np.int64],
    measured: Mapping[str, Any],
    least: float,
) -> None:
    """Refuse a teacher that finds next to nothing on the rows ``with_objects``, or nothing right on held-out pictures.

    Raises Refused with the number of boxes, of pictures, and of boxes of each class.
    """
    hit = sum(len(found[int(row)].scores) > 0 for row in with_objects)
    if hit >= LEAST_SHARE * len(with_objects) and measured["accuracy"] > 0:
        return
    classes: list[str] = measured["classes"]
    labels = [np.zeros(0, np.int64), *(one.labels for one in found.values())]
    counts = np.bincount(np.concatenate(labels), minlength=len(classes))
    raise Refused(
        Sentence(
            gettext_noop(
                "The teacher {name} finds too little to teach: something in {hit} of {labelled} labelled pictures with "
                "objects, {boxes} boxes with a score above {least} in {pictures} pictures ({per_class}), and an mAP50 "
                "of {map50} % on {held_out} held-out pictures. Choose another teacher, or, where it is asked in words, "
                "other words in prompts.json."
            ),
            {
                "name": shown(name),
                "hit": hit,
                "labelled": len(with_objects),
                "boxes": int(counts.sum()),
                "least": least,
                "pictures": len(found),
                "per_class": _per_class(classes, counts),
                "map50": round(measured["accuracy"], 2),
                "held_out": measured["sample_count"],
            },
        )
    )


def _per_class(classes: Sequence[str], counts: NDArray[Any]) -> str:
    listed = [f"{shown(label)}: {count}" for label, count in zip(classes, counts.tolist(), strict=True)]
    return ", ".join(listed[:NAMED]) + (", …" if len(listed) > NAMED else "")
