"""Golden values of the reference setting, and the gradient that the training loop really uses."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from distillation.contract.sentence import Refused
from distillation.contract.spec import LossSpec
from distillation.engine import losses


def golden_inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1234)
    student = torch.randn(8, 10, generator=generator)
    teacher = 3 * torch.randn(8, 10, generator=generator)
    return student, teacher, torch.arange(8) % 10


def test_the_soft_loss_has_the_golden_value():
    student, teacher, _ = golden_inputs()
    assert losses.soft_loss(student, losses.soften(teacher, 4.0), 4.0).item() == pytest.approx(4.955715, abs=2e-6)


def test_the_hard_loss_has_the_golden_value():
    student, _, labels = golden_inputs()
    assert losses.hard_loss(student, labels, 8).item() == pytest.approx(2.186763, abs=2e-6)


def test_both_terms_at_alpha_point_nine_have_the_golden_value():
    student, teacher, labels = golden_inputs()
    soft = losses.soft_loss(student, losses.soften(teacher, 4.0), 4.0)
    total = 0.9 * soft + 0.1 * losses.hard_loss(student, labels, 8)
    assert total.item() == pytest.approx(4.678820, abs=2e-6)


def test_the_hard_loss_is_the_mean_over_labelled_samples_only():
    student, _, labels = golden_inputs()
    some = labels.clone()
    some[3:] = losses.IGNORED
    expected = losses.hard_loss(student[:3], labels[:3], 3)
    assert losses.hard_loss(student, some, 3).item() == pytest.approx(expected.item())


def test_the_hard_loss_of_a_batch_without_labels_is_zero_and_has_a_gradient_of_zero():
    student = golden_inputs()[0].requires_grad_()
    loss = losses.hard_loss(student, torch.full((8,), losses.IGNORED), 0)
    loss.backward()
    assert loss.item() == 0
    assert student.grad is not None
    assert not student.grad.any()


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("share", [1.0, 0.25])
def test_the_gradient_is_that_of_the_weighted_sum(alpha: float, share: float):
    student, teacher, labels = golden_inputs()
    probabilities = losses.soften(teacher, 4.0)

    def terms(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return losses.soft_loss(logits, probabilities, 4.0), losses.hard_loss(logits, labels, 8)

    one, two = student.clone().requires_grad_(), student.clone().requires_grad_()
    losses.backward(*terms(one), LossSpec(4.0, alpha, 1 - alpha), share)
    soft, hard = terms(two)
    (share * (alpha * soft + (1 - alpha) * hard)).backward()
    torch.testing.assert_close(one.grad, two.grad)


def test_without_a_teacher_the_gradient_is_that_of_the_hard_loss():
    student, _, labels = golden_inputs()
    one, two = student.clone().requires_grad_(), student.clone().requires_grad_()
    losses.backward(None, losses.hard_loss(one, labels, 8), None)
    losses.hard_loss(two, labels, 8).backward()
    torch.testing.assert_close(one.grad, two.grad)


def test_a_distillation_that_moves_nothing_is_refused():
    model = nn.Linear(4, 3)
    logits = model(torch.randn(5, 4))
    losses.require_teaching(losses.soft_loss(logits, losses.soften(torch.randn(5, 3), 4.0), 4.0), model)
    with pytest.raises(Refused, match="no weight of the student"):
        losses.require_teaching(losses.soft_loss(logits, losses.soften(logits.detach(), 4.0), 4.0) * 0.0, model)


def test_the_proof_disturbs_neither_gradients_nor_random_numbers():
    model = nn.Linear(4, 3)
    loss = losses.soft_loss(model(torch.randn(5, 4)), losses.soften(torch.randn(5, 3), 2.0), 2.0)
    before = torch.get_rng_state()
    losses.require_teaching(loss, model)
    assert torch.equal(torch.get_rng_state(), before)
    assert model.weight.grad is None
    loss.backward()
