"""The hard loss, with labels for all, some or none."""

from __future__ import annotations

import pytest
import torch

from distillation.engine import losses
from distillation.tests.engine.losses.golden import golden


def test_the_hard_loss_has_the_golden_value():
    given = golden()
    assert losses.hard_loss(given.student, given.labels, 8).item() == pytest.approx(2.186763, abs=1e-6)


def test_the_hard_loss_is_the_mean_over_labelled_samples_only():
    given = golden()
    some = given.labels.clone()
    some[3:] = losses.IGNORED
    expected = losses.hard_loss(given.student[:3], given.labels[:3], 3)
    assert losses.hard_loss(given.student, some, 3).item() == pytest.approx(expected.item())


def test_the_hard_loss_of_a_batch_without_labels_is_zero_and_has_a_gradient_of_zero():
    student = golden().student.requires_grad_()
    loss = losses.hard_loss(student, torch.full((8,), losses.IGNORED), 0)
    loss.backward()
    assert loss.item() == 0
    assert student.grad is not None
    assert not student.grad.any()


def test_each_class_of_a_mixed_picture_counts_by_its_share():
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    own, others = torch.tensor([0, 1, 2, losses.IGNORED]), torch.tensor([2, 1, 0, losses.IGNORED])
    labels = losses.Mixed(own, others, torch.tensor([0.25, 0.5, 0.0, 0.4]))
    wanted = torch.zeros(4, 3)
    wanted[0, 0], wanted[0, 2], wanted[1, 1], wanted[2, 2] = 0.75, 0.25, 1.0, 1.0
    expected = -(wanted * logits.log_softmax(dim=1)).sum() / 3
    torch.testing.assert_close(losses.hard_loss(logits, labels, 3), expected)
    assert losses.plain(labels).tolist() == [0, 1, 2, losses.IGNORED]
    assert losses.hard_loss(logits, labels, 0) == 0
