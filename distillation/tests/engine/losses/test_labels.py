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
