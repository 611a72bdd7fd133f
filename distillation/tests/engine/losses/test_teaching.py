"""A term of the teacher that moves nothing in the student ends the run, whatever the reason."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from distillation.contract.sentence import Refused
from distillation.engine import losses
from distillation.engine.losses import feature
from distillation.engine.projectors import Pair, build


def soft_of(model: nn.Module, teacher: Tensor | None = None) -> Tensor:
    logits = model(torch.randn(5, 4))
    return losses.soft_loss(logits, losses.soften(torch.randn(5, 3) if teacher is None else teacher, 4.0), 4.0)


def test_a_distillation_that_teaches_passes():
    model = nn.Linear(4, 3)
    losses.require_teaching(soft_of(model), model)


@pytest.mark.parametrize(
    "broken",
    [
        lambda soft: soft * 0.0,
        lambda soft: soft * float("nan"),
        lambda soft: soft * float("inf"),
        lambda soft: -soft,
        lambda soft: soft.detach(),
        lambda soft: soft.detach() + torch.zeros(1, requires_grad=True).sum(),
        lambda soft: soft.detach() + 0.0 * soft,
    ],
    ids=["zero", "nan", "infinite", "negative", "detached", "of another graph", "without gradient"],
)
def test_a_distillation_that_moves_nothing_is_refused(broken):
    model = nn.Linear(4, 3)
    with pytest.raises(Refused, match="no weight of the student"):
        losses.require_teaching(broken(soft_of(model)), model)


def test_a_gradient_that_is_not_finite_is_refused():
    model = nn.Linear(4, 3)
    soft = soft_of(model) + torch.sqrt((model.weight * 0).sum())  # a finite value with an infinite slope
    with pytest.raises(Refused, match="no weight of the student"):
        losses.require_teaching(soft, model)


def test_frozen_weights_are_no_aim_but_one_that_is_trained_is_enough():
    model = nn.Linear(4, 3)
    model.weight.requires_grad_(False)
    losses.require_teaching(soft_of(model), model)
    model.bias.requires_grad_(False)
    with pytest.raises(Refused):
        losses.require_teaching(soft_of(model) + torch.zeros(1, requires_grad=True).sum(), model)


def test_a_feature_loss_that_moves_the_projector_alone_is_refused():
    student = nn.Linear(4, 3)
    beside = build([Pair("a", "b", (5, 3), (5, 6))], seed=0)
    features, teacher = student(torch.randn(5, 4)), torch.randn(5, 6)
    ((ours, theirs),) = beside({"a": features}, {"b": teacher})
    losses.require_teaching(feature.feature_mse(ours, theirs), student, features=True)
    ((ours, theirs),) = beside({"a": features.detach()}, {"b": teacher})
    loss = feature.feature_mse(ours, theirs)
    assert loss.requires_grad
    with pytest.raises(Refused, match=r"feature loss .* no weight of the student"):
        losses.require_teaching(loss, student, features=True)


def test_the_proof_disturbs_neither_gradients_nor_random_numbers():
    model = nn.Linear(4, 3)
    loss = soft_of(model)
    before = torch.get_rng_state()
    losses.require_teaching(loss, model)
    assert torch.equal(torch.get_rng_state(), before)
    assert model.weight.grad is None
    loss.backward()
