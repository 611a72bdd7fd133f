"""Each optimizer against PyTorch's own, each schedule against PyTorch's own; none may pass for its neighbour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from distillation.contract.spec import TrainSpec
from distillation.engine import optimisation

TRAIN = TrainSpec(3, 8, 0.05, "adamw", "cosine", 0.01, 1, 0.0, 0)

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": lambda weights: torch.optim.AdamW(weights, 0.05, (0.9, 0.999), 1e-8, 0.01),
    "adam": lambda weights: torch.optim.Adam(weights, 0.05, (0.9, 0.999), 1e-8, 0.01),
    "sgd": lambda weights: torch.optim.SGD(weights, 0.05, momentum=0.9, weight_decay=0.01),
    "adagrad": lambda weights: torch.optim.Adagrad(weights, 0.05, 0.0, 0.01, eps=1e-10),
    "rmsprop": lambda weights: torch.optim.RMSprop(weights, 0.05, 0.99, 1e-8, 0.01, momentum=0.0),
}

TOTAL = 31
"""No multiple of 3, for the borders of the step schedule."""

SCHEDULES: dict[str, Callable[[torch.optim.Optimizer, int], lr_scheduler.LRScheduler]] = {
    "cosine": lambda optimizer, steps: lr_scheduler.CosineAnnealingLR(optimizer, steps),
    "linear": lambda optimizer, steps: lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps),
    "constant": lambda optimizer, steps: lr_scheduler.ConstantLR(optimizer, 1.0, steps),
    "polynomial": lambda optimizer, steps: lr_scheduler.PolynomialLR(optimizer, steps, 0.9),
    "step": lambda optimizer, steps: lr_scheduler.MultiStepLR(optimizer, [-(-steps // 3), -(-2 * steps // 3)], 0.1),
}


def with_(**changes: Any) -> TrainSpec:
    return replace(TRAIN, **changes)


def trained(make: Callable[[nn.Module], torch.optim.Optimizer]) -> torch.Tensor:
    torch.manual_seed(0)
    model = nn.Linear(6, 4)
    optimizer = make(model)
    inputs, wanted = torch.randn(16, 6), torch.randn(16, 4)
    for _ in range(10):
        optimizer.zero_grad()
        nn.functional.mse_loss(model(inputs), wanted).backward()
        optimizer.step()
    return model.weight.detach()


def pytorchs_own(name: str) -> Callable[[nn.Module], torch.optim.Optimizer]:
    return lambda model: OPTIMIZERS[name](model.parameters())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_moves_the_weights_like_pytorchs_own_and_unlike_its_neighbours(name: str):
    ours = trained(lambda model: optimisation.build(model, with_(optimizer=name)))
    torch.testing.assert_close(ours, trained(pytorchs_own(name)), rtol=1e-5, atol=1e-6)
    for other in OPTIMIZERS.keys() - {name}:
        theirs = trained(pytorchs_own(other))
        assert (ours - theirs).abs().max() > 1e-4, other


def test_the_table_of_optimizers_and_schedules_is_complete():
    hints = TrainSpec.__annotations__
    assert all(f"'{name}'" in hints["optimizer"] or f'"{name}"' in hints["optimizer"] for name in OPTIMIZERS)
    assert all(f"'{name}'" in hints["schedule"] or f'"{name}"' in hints["schedule"] for name in SCHEDULES)
    assert hints["optimizer"].count(",") + 1 == len(OPTIMIZERS)
    assert hints["schedule"].count(",") + 1 == len(SCHEDULES)


def test_frozen_weights_are_not_given_to_the_optimizer():
    model = nn.Linear(6, 4)
    model.weight.requires_grad_(False)
    assert optimisation.build(model, TRAIN).param_groups[0]["params"] == [model.bias]


def pytorchs(name: str, warmup: int) -> list[float]:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], 0.05)
    schedule = SCHEDULES[name](optimizer, TOTAL - warmup)
    if warmup:
        optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], 0.05)
        rise = lr_scheduler.LinearLR(optimizer, 1 / warmup, 1.0, warmup - 1)
        schedule = lr_scheduler.SequentialLR(
            optimizer, [rise, SCHEDULES[name](optimizer, TOTAL - warmup)], milestones=[warmup]
        )
    rates = []
    for _ in range(TOTAL):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


def ours(name: str, warmup: int = 0) -> list[float]:
    train = with_(schedule=name)
    return [optimisation.learning_rate(train, step, TOTAL, warmup_steps=warmup) for step in range(TOTAL)]


@pytest.mark.filterwarnings("ignore:The epoch parameter")
@pytest.mark.parametrize("warmup", [0, 5])
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_gives_the_rates_of_pytorchs_own_and_not_of_its_neighbours(name: str, warmup: int):
    assert ours(name, warmup) == pytest.approx(pytorchs(name, warmup), rel=1e-6, abs=1e-9)
    for other in SCHEDULES.keys() - {name}:
        assert ours(other, warmup) != pytest.approx(pytorchs(name, warmup), rel=1e-2), other


def test_the_step_schedule_falls_exactly_at_the_thirds():
    train = with_(schedule="step")
    for total in (3, 30, 31, 32, 300, 999_999):
        rates = [optimisation.learning_rate(train, step, total) for step in (-(-total // 3) - 1, -(-total // 3))]
        assert rates == pytest.approx([0.05, 0.005])
        rates = [
            optimisation.learning_rate(train, step, total) for step in (-(-2 * total // 3) - 1, -(-2 * total // 3))
        ]
        assert rates == pytest.approx([0.005, 0.0005])


def test_the_warm_up_rises_linearly_to_the_full_rate_without_a_step_of_zero():
    assert ours("constant", 5)[:6] == pytest.approx([0.01, 0.02, 0.03, 0.04, 0.05, 0.05])


def test_a_share_of_warm_up_leaves_a_step_for_the_schedule():
    assert [optimisation.warmup_steps(share, 30) for share in (0.0, 0.05, 0.1, 1.0)] == [0, 2, 3, 29]
    assert optimisation.warmup_steps(0.5, 1) == 0
