"""AMP: which precision, where it is used, and the scale that float16 needs."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from distillation.engine.precision import Precision, suitable_dtype, widened


def model_and_optimizer() -> tuple[nn.Linear, torch.optim.Optimizer]:
    torch.manual_seed(0)
    model = nn.Linear(6, 4)
    return model, torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)


def trained(precision: Precision, steps: int = 6, max_norm: float = 0.0) -> tuple[Tensor, list[torch.dtype]]:
    model, optimizer = model_and_optimizer()
    kinds = []
    for step in range(steps):
        torch.manual_seed(step)
        with precision.autocast():
            answer = model(torch.randn(16, 6))
        kinds.append(answer.dtype)
        loss = widened(answer).square().mean()
        loss.backward(torch.tensor(precision.scale()))
        assert precision.step(optimizer, model, max_norm)
        optimizer.zero_grad()
    return model.weight.detach(), kinds


def test_the_cpu_computes_in_bfloat16():
    assert suitable_dtype("cpu") == torch.bfloat16
    assert Precision("cpu", amp=True).scale() == 1.0


@pytest.mark.parametrize(("takes", "dtype"), [(True, torch.bfloat16), (False, torch.float16)])
def test_a_gpu_computes_in_bfloat16_where_it_can(monkeypatch: pytest.MonkeyPatch, takes: bool, dtype: torch.dtype):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: takes)
    assert suitable_dtype("cuda") == suitable_dtype("cuda:1") == dtype


def test_without_amp_nothing_changes():
    model, optimizer = model_and_optimizer()
    for step in range(6):
        torch.manual_seed(step)
        optimizer.zero_grad()
        model(torch.randn(16, 6)).square().mean().backward()
        optimizer.step()
    weights, kinds = trained(Precision("cpu", amp=False))
    assert torch.equal(weights, model.weight)
    assert set(kinds) == {torch.float32}


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("max_norm", [0.0, 0.1])
def test_amp_computes_in_its_precision_and_learns_nearly_the_same(dtype: torch.dtype, max_norm: float):
    exact, _ = trained(Precision("cpu", amp=False), max_norm=max_norm)
    weights, kinds = trained(Precision("cpu", amp=True, dtype=dtype), max_norm=max_norm)
    assert set(kinds) == {dtype}
    assert weights.dtype == torch.float32
    assert not torch.equal(weights, exact)
    torch.testing.assert_close(weights, exact, rtol=0.02, atol=0.005)


def test_clipping_limits_the_unscaled_gradient():
    free, _ = trained(Precision("cpu", amp=True, dtype=torch.float16), steps=1)
    clipped, _ = trained(Precision("cpu", amp=True, dtype=torch.float16), steps=1, max_norm=0.01)
    start = model_and_optimizer()[0].weight.detach()
    assert (clipped - start).norm() <= 0.1 * 0.01 * 1.001
    assert (free - start).norm() > 0.1 * 0.05


def test_an_overflow_is_not_stepped_with_and_halves_the_scale():
    precision = Precision("cpu", amp=True, dtype=torch.float16)
    model, optimizer = model_and_optimizer()
    before, scale = model.weight.detach().clone(), precision.scale()
    assert scale > 1
    model(torch.full((16, 6), float("inf"))).sum().backward()
    assert not precision.step(optimizer, model)
    assert torch.equal(model.weight, before)
    assert precision.scale() == scale / 2


def test_the_scale_goes_on_from_a_checkpoint_and_one_of_another_precision_is_left_aside():
    precision = Precision("cpu", amp=True, dtype=torch.float16)
    model, optimizer = model_and_optimizer()
    model(torch.full((16, 6), float("inf"))).sum().backward()
    precision.step(optimizer, model)
    resumed = Precision("cpu", amp=True, dtype=torch.float16)
    resumed.load_state_dict(precision.state_dict())
    assert resumed.scale() == precision.scale() == 2.0**15
    plain = Precision("cpu", amp=True)
    assert plain.state_dict() == {}
    plain.load_state_dict(precision.state_dict())
    assert plain.scale() == 1.0
    resumed.load_state_dict({})
    assert resumed.scale() == 2.0**15


class Answer(NamedTuple):
    logits: Tensor
    features: tuple[Tensor, ...]


def test_outputs_of_any_shape_are_widened():
    half, count = torch.ones(2, dtype=torch.bfloat16), torch.ones(2, dtype=torch.int64)
    answer = widened(Answer(half, (half, count)))
    assert isinstance(answer, Answer)
    assert answer.logits.dtype == answer.features[0].dtype == torch.float32
    assert answer.features[1] is count
    assert widened({"a": [half]})["a"][0].dtype == torch.float32
    assert widened(None) is None
