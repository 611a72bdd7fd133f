"""Own figures against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from distillation.engine import metrics


@pytest.mark.parametrize("seed", range(4))
def test_macro_figures_equal_those_of_scikit_learn(seed: int):
    generator = np.random.default_rng(seed)
    classes = ("a", "b", "c", "d", "e")
    true = generator.integers(0, 4, 60)  # class e has no sample
    predicted = np.where(generator.random(60) < 0.6, true, generator.integers(1, 5, 60))
    matrix = metrics.confusion_matrix(true, predicted, 5)
    figures = metrics.figures(matrix, classes)
    labels = list(range(5))
    precision, recall, f1, _ = precision_recall_fscore_support(
        true, predicted, labels=labels, average="macro", zero_division=0
    )
    each = precision_recall_fscore_support(true, predicted, labels=labels, zero_division=0)
    assert (matrix == confusion_matrix(true, predicted, labels=labels)).all()
    assert figures["accuracy"] == pytest.approx(100 * accuracy_score(true, predicted))
    assert figures["precision"] == pytest.approx(100 * precision)
    assert figures["recall"] == pytest.approx(100 * recall)
    assert figures["f1"] == pytest.approx(100 * f1)
    for index, row in enumerate(figures["per_class"]):
        assert row["class"] == classes[index]
        assert row["precision"] == pytest.approx(100 * each[0][index])
        assert row["recall"] == pytest.approx(100 * each[1][index])
        assert row["f1"] == pytest.approx(100 * each[2][index])
        assert row["support"] == each[3][index]


def test_the_confusion_matrix_has_the_true_class_in_rows():
    matrix = metrics.confusion_matrix(np.array([0, 0, 1]), np.array([1, 1, 1]), 2)
    assert matrix.tolist() == [[0, 2], [0, 1]]
