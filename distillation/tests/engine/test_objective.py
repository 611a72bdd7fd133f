"""The gradient is that of the weighted sum of the terms, and each term of the teacher must move the student."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from distillation.contract.sentence import Refused
from distillation.contract.spec import LossSpec
from distillation.engine import losses, objective
from distillation.engine.objective import Terms
from distillation.tests.engine.losses.golden import golden


def terms_of(logits: torch.Tensor, *, feature: bool = False) -> Terms:
    given = golden()
    soft = losses.soft_loss(logits, losses.soften(given.teacher, 4.0), 4.0)
    hard = losses.hard_loss(logits, given.labels, 8)
    return Terms(hard, soft, (logits - 1).square().mean() if feature else None)


@pytest.mark.parametrize(
    ("soft", "hard"), [(0.0, 1.0), (0.3, 0.7), (0.9, 0.1), (1.0, 0.0), (2.5, 0.4), (0.4, 2.5), (0.4, 0.4)]
)
@pytest.mark.parametrize("share", [1.0, 0.25])
def test_the_gradient_is_that_of_the_weighted_sum(soft: float, hard: float, share: float):
    one, two = golden().student.clone().requires_grad_(), golden().student.clone().requires_grad_()
    objective.backward(terms_of(one), LossSpec(4.0, soft, hard), share)
    terms = terms_of(two)
    (share * (soft * terms.soft + hard * terms.hard)).backward()
    torch.testing.assert_close(one.grad, two.grad)


def test_the_feature_term_has_the_soft_weight_times_its_own():
    one, two = golden().student.clone().requires_grad_(), golden().student.clone().requires_grad_()
    objective.backward(terms_of(one, feature=True), LossSpec(4.0, 0.6, 0.4, "hybrid", "mse", 5.0))
    terms = terms_of(two, feature=True)
    (0.6 * (terms.soft + 5.0 * terms.feature) + 0.4 * terms.hard).backward()
    torch.testing.assert_close(one.grad, two.grad)


def test_without_a_teacher_the_gradient_is_that_of_the_hard_loss():
    one, two = golden().student.clone().requires_grad_(), golden().student.clone().requires_grad_()
    objective.backward(Terms(losses.hard_loss(one, golden().labels, 8), None), None)
    losses.hard_loss(two, golden().labels, 8).backward()
    torch.testing.assert_close(one.grad, two.grad)


def test_a_feature_loss_that_ends_in_the_projector_is_refused():
    student, projector = nn.Linear(4, 4), nn.Linear(4, 4)
    answer = student(torch.ones(2, 4))
    feature = projector(answer.detach()).square().mean()
    with pytest.raises(Refused, match="feature loss"):
        objective.require_teaching(Terms(answer.mean(), None, feature), student)
    objective.require_teaching(Terms(answer.mean(), None, projector(answer).square().mean()), student)
