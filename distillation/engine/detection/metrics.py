"""How well boxes fit: mean average precision, precision and recall, and what is taken for what; in percent.

Pictures are added one after another; what is kept of each is at most a few hundred rows of numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from distillation.engine.detection.average_precision import average_precision
from distillation.engine.detection.matching import (
    NOBODY,
    FoundBoxes,
    TrueBoxes,
    match,
    match_own_class,
    overlaps,
)

LEAST_OVERLAP = 0.5
"""IoU at which a box counts as found, for everything but ``map95`` (the mean over 0.50 … 0.95)."""
LIMIT = 300
"""Boxes of a picture that are kept, the surest."""
_CONFIDENCES = np.linspace(0.0, 1.0, 1001)


class DetectionMetrics:
    """The figures of one model on one set of pictures."""

    def __init__(self, classes: tuple[str, ...]) -> None:
        self._classes = classes
        self._found: list[FoundBoxes] = []
        self._true: list[TrueBoxes] = []
        self._hits: list[NDArray[np.bool_]] = []
        self._partners: list[NDArray[np.int64]] = []

    def add(self, found: FoundBoxes, true: TrueBoxes) -> None:
        """Take the boxes found in the next picture, in any order, and its objects."""
        surest = np.argsort(-found.scores, kind="stable")[:LIMIT]
        found = FoundBoxes(
            np.asarray(found.boxes, np.float32)[surest],
            np.asarray(found.scores, np.float32)[surest],
            np.asarray(found.labels, np.int64)[surest],
        )
        overlap = overlaps(found.boxes, true.boxes)
        self._found.append(found)
        self._true.append(true)
        self._hits.append(match_own_class(found, true, overlap, LEAST_OVERLAP) != NOBODY)
        self._partners.append(match(found, true, overlap, LEAST_OVERLAP))

    def figures(self) -> dict[str, Any]:
        """All figures, ready for JSON.

        mAP is COCO's, over the classes that have objects here. Precision, recall and F1 are macro averages over the
        same classes, at the confidence at which the mean F1 is best (the lowest such), which is told. The confusion
        matrix at that confidence has true classes in rows and found ones in columns; the last row holds boxes where
        there is nothing, the last column objects that were not found.
        """
        support = np.bincount(self._true_labels(), minlength=len(self._classes))
        known = support > 0
        precise = average_precision(self._found, self._true, len(self._classes))
        precision, recall, f1 = self._curves(support)  # [classes, confidences]
        best = int(_mean(f1[known], axis=0).argmax())
        at_best = {"precision": precision[:, best], "recall": recall[:, best], "f1": f1[:, best]}
        return {
            "map50": _percent(_mean(precise.at_50[known])),
            "map95": _percent(_mean(precise.at_50_to_95[known])),
            **{name: _percent(_mean(values[known])) for name, values in at_best.items()},
            "confidence": float(_CONFIDENCES[best]),
            "sample_count": len(self._true),
            "object_count": int(support.sum()),
            "classes": list(self._classes),
            "per_class": [
                {
                    "class": name,
                    "ap50": _percent(precise.at_50[label]),
                    "ap95": _percent(precise.at_50_to_95[label]),
                    **{figure: _percent(values[label]) for figure, values in at_best.items()},
                    "support": int(support[label]),
                }
                for label, name in enumerate(self._classes)
            ],
            "confusion_matrix": self._confusion(float(_CONFIDENCES[best])).tolist(),
        }

    def _true_labels(self) -> NDArray[np.int64]:
        return np.concatenate([np.zeros(0, np.int64), *(picture.labels for picture in self._true)])

    def _curves(self, support: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
        """Precision, recall and F1 of each class when boxes from each of the confidences on are taken."""
        scores = np.concatenate([np.zeros(0, np.float32), *(picture.scores for picture in self._found)])
        labels = np.concatenate([np.zeros(0, np.int64), *(picture.labels for picture in self._found)])
        hits = np.concatenate([np.zeros(0, np.bool_), *self._hits])
        right, taken = np.zeros((2, len(support), len(_CONFIDENCES)))
        for label in range(len(support)):
            right[label] = _count_from(scores[(labels == label) & hits])
            taken[label] = _count_from(scores[labels == label])
        there = np.broadcast_to(support[:, None], right.shape)
        return _ratio(right, taken), _ratio(right, there), _ratio(2 * right, taken + there)

    def _confusion(self, confidence: float) -> NDArray[np.int64]:
        nothing = len(self._classes)
        counts = np.zeros((nothing + 1, nothing + 1), np.int64)
        for found, true, partners in zip(self._found, self._true, self._partners, strict=True):
            taken = found.scores >= confidence
            labels, partners = found.labels[taken], partners[taken]
            matched = partners != NOBODY
            missed = np.delete(true.labels, partners[matched])
            rows = [true.labels[partners[matched]], np.full(np.sum(~matched), nothing), missed]
            columns = [labels[matched], labels[~matched], np.full(len(missed), nothing)]
            np.add.at(counts, (np.concatenate(rows), np.concatenate(columns)), 1)
        return counts


def _count_from(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """How many scores reach each of the confidences."""
    return len(scores) - np.searchsorted(np.sort(scores), _CONFIDENCES, side="left")


def _ratio(numerator: NDArray[np.float64], denominator: NDArray[Any]) -> NDArray[np.float64]:
    whole = denominator.astype(np.float64)
    return np.divide(numerator, whole, out=np.zeros_like(numerator), where=whole > 0)


def _mean(values: NDArray[np.float64], axis: int | None = None) -> Any:
    """The mean; 0 of no classes at all."""
    return values.mean(axis=axis) if len(values) else np.zeros(values.shape[1:] if axis == 0 else ())


def _percent(share: Any) -> float | None:
    """None for a class of which there is no object, so that nothing can be said."""
    return None if np.isnan(share) else 100.0 * float(share)
