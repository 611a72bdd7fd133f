"""Figures of a classifier from its confusion matrix; all in percent, averages are macro averages."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from distillation.engine.certainty import Ranked


def confusion_matrix(true: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Count pairs: ``[classes, classes]`` with the true class in rows and the predicted one in columns."""
    flat = np.bincount(true * classes + predicted, minlength=classes * classes)
    return flat.reshape(classes, classes).astype(np.int64)


def figures(confusion: NDArray[np.int64], classes: tuple[str, ...]) -> dict[str, Any]:
    """Accuracy, precision, recall and F1, overall (macro) and per class.

    A class that was never predicted has precision 0, one without samples recall 0 (scikit-learn's
    ``zero_division=0``).
    """
    hits = np.diag(confusion).astype(np.float64)
    predicted, support = confusion.sum(axis=0), confusion.sum(axis=1)
    precision, recall = _ratio(hits, predicted), _ratio(hits, support)
    f1 = _ratio(2 * precision * recall, precision + recall)
    total = int(confusion.sum())
    return {
        "accuracy": 100.0 * float(hits.sum()) / total if total else 0.0,
        "precision": 100.0 * float(precision.mean()),
        "recall": 100.0 * float(recall.mean()),
        "f1": 100.0 * float(f1.mean()),
        "sample_count": total,
        "classes": list(classes),
        "per_class": [
            {
                "class": name,
                "precision": 100.0 * float(precision[index]),
                "recall": 100.0 * float(recall[index]),
                "f1": 100.0 * float(f1[index]),
                "support": int(support[index]),
            }
            for index, name in enumerate(classes)
        ],
        "confusion_matrix": confusion.tolist(),
    }


def of_classifier(true: NDArray[np.int64], answers: Ranked, classes: tuple[str, ...]) -> dict[str, Any]:
    """The figures of the confusion matrix and of certainty; ``true [n]`` in the order of the answers."""
    confusion = confusion_matrix(true, answers.predicted, len(classes))
    return {**figures(confusion, classes), **answers.figures()}


def _ratio(numerator: NDArray[np.float64], denominator: NDArray[Any]) -> NDArray[np.float64]:
    whole = denominator.astype(np.float64)
    return np.divide(numerator, whole, out=np.zeros_like(numerator), where=whole > 0)
