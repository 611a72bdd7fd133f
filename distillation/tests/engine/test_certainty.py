"""Confidence, rank and calibration of classifiers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import top_k_accuracy_score

from distillation.engine import certainty


def answers(count: int = 200, classes: int = 9) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, classes, (count,), generator=generator)
    logits = torch.randn(count, classes, generator=generator) + 2 * torch.nn.functional.one_hot(labels, classes)
    return logits, labels


def test_the_first_five_are_those_of_scikit_learn():
    logits, labels = answers()
    ranked = certainty.ranked(logits, labels)
    for first in (1, 5):
        expected = top_k_accuracy_score(labels, logits.numpy(), k=first)
        assert float((ranked.rank < first).mean()) == pytest.approx(expected)
    assert ranked.figures()["top5"] == pytest.approx(100 * top_k_accuracy_score(labels, logits.numpy(), k=5))
    np.testing.assert_array_equal(ranked.predicted, logits.argmax(dim=1))
    torch.testing.assert_close(torch.from_numpy(ranked.confidence), logits.double().softmax(dim=1).max(dim=1).values)


def test_five_classes_have_no_first_five():
    assert "top5" not in certainty.ranked(*answers(classes=5)).figures()


def test_a_network_that_answers_the_same_for_all_is_right_once_in_a_class():
    labels = torch.arange(6)
    assert (certainty.ranked(torch.zeros(6, 6), labels).rank == 0).sum() == 1


def test_answers_that_are_no_numbers_are_wrong_and_unsure():
    figures = certainty.ranked(torch.full((4, 7), torch.nan), torch.full((4,), 6)).figures()
    assert (figures["top5"], figures["calibration_error"]) == (0.0, 0.0)


def test_batches_are_joined_in_their_order():
    logits, labels = answers()
    whole = certainty.ranked(logits, labels)
    parts = certainty.joined([certainty.ranked(logits[at], labels[at]) for at in (slice(0, 70), slice(70, 200))])
    np.testing.assert_array_equal(parts.rank, whole.rank)
    assert parts.figures() == whole.figures()


def test_the_calibration_error_by_hand():
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.5, 0.5, 1.0])
    right = np.array([True, True, True, False, True, False, True])
    found = certainty.calibration(confidence, right)
    # (14/15, 1]: five of mean confidence 0.96, four right; (7/15, 8/15]: two of 0.5, one right
    assert found["calibration_error"] == pytest.approx(100 * 5 / 7 * abs(0.8 - 0.96))
    low, high = found["reliability"]
    assert (low["count"], low["accuracy"], low["confidence"]) == (2, 50.0, 50.0)
    assert (high["count"], high["accuracy"]) == (5, 80.0)
    assert (high["from"], high["to"]) == (pytest.approx(100 * 14 / 15), 100.0)


def test_an_epoch_is_told_right_and_wrong_alone():
    logits, labels = torch.tensor([[0.0, 2.0, 1.0], [3.0, 0.0, 3.0]]), torch.tensor([2, 0])
    whole, quick = certainty.ranked(logits, labels), certainty.predicted(logits, labels)
    assert quick.predicted.tolist() == whole.predicted.tolist() == [1, 0]
    assert (quick.rank == 0).tolist() == (whole.rank == 0).tolist() == [False, True]
