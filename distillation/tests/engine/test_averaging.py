"""EMA: the formula, buffers, the loan to a validation, and a resume."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from distillation.engine.averaging import Averaging


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


def train(model: nn.Module, average: Averaging, steps: int, first: int = 0) -> None:
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    for step in range(first, first + steps):
        torch.manual_seed(step)
        optimizer.zero_grad()
        model(torch.randn(8, 3)).square().sum().backward()
        optimizer.step()
        average.update()


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_the_average_follows_the_formula_with_its_warm_up():
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    average, expected = Averaging(model, decay=0.3), 0.0
    for n, value in enumerate([1.0, 5.0, -2.0, 4.0, 7.0, 3.0]):
        nn.init.constant_(model.weight, value)
        average.update()
        decay = [1 / 10, 2 / 11, 3 / 12, 0.3, 0.3, 0.3][n]
        expected = decay * expected + (1 - decay) * value
        assert average.weights()["weight"].item() == pytest.approx(expected, rel=1e-6)


def test_floating_buffers_are_averaged_and_counts_copied():
    model = network()
    average = Averaging(model, decay=0.99)
    train(model, average, 3)
    weights = average.weights()
    assert weights["1.num_batches_tracked"].item() == 3
    for name in ("0.weight", "1.running_mean", "1.running_var"):
        assert not torch.equal(weights[name], model.state_dict()[name])
    assert weights.keys() == model.state_dict().keys()


def test_the_model_has_the_average_for_a_while_and_then_its_own_weights_again():
    model = network()
    average = Averaging(model)
    train(model, average, 3)
    own, averaged = copy.deepcopy(model.state_dict()), average.weights()
    with average.in_place():
        assert same(model.state_dict(), averaged)
    assert same(model.state_dict(), own)
    with pytest.raises(RuntimeError, match="mat1"), average.in_place():
        model(torch.randn(8, 99))
    assert same(model.state_dict(), own)
    assert same(average.weights(), averaged)
    train(model, average, 1, 3)
    assert not same(average.weights(), averaged)


def test_a_resumed_average_is_the_undisturbed_one():
    model = network()
    average = Averaging(model)
    train(model, average, 3)
    weights, state = copy.deepcopy(model.state_dict()), average.state_dict()
    train(model, average, 3, 3)
    again = network()
    resumed = Averaging(again)
    again.load_state_dict(weights)
    resumed.load_state_dict(state)
    train(again, resumed, 3, 3)
    assert same(resumed.weights(), average.weights())
    assert resumed.updates == 6
