"""KD and its relatives on the same logits: golden values, formulas written out, and what tells neighbours apart."""

from __future__ import annotations

import math

import pytest
import torch

from distillation.contract.sentence import Refused
from distillation.engine import losses
from distillation.engine.losses import response
from distillation.tests.engine.losses.golden import golden

T = 4.0


def compared(name: str, temperature: float = T) -> float:
    given = golden()
    comparison = response.comparison(name)
    kept = comparison.prepare(given.teacher, temperature)
    return comparison.compare(given.student, kept, temperature).item()


def test_the_soft_loss_has_the_golden_value():
    given = golden()
    loss = losses.soft_loss(given.student, losses.soften(given.teacher, T), T)
    assert loss.item() == pytest.approx(4.955715, abs=1e-6)
    assert compared("kl_div") == loss.item()


def test_both_terms_at_alpha_point_nine_have_the_golden_value():
    given = golden()
    soft = losses.soft_loss(given.student, losses.soften(given.teacher, T), T)
    total = 0.9 * soft + 0.1 * losses.hard_loss(given.student, given.labels, 8)
    assert total.item() == pytest.approx(4.678820, abs=1e-6)


def written_out(name: str) -> float:
    """Number by number, in double precision."""
    given = golden()
    total = 0.0
    for ours, theirs in zip(given.student.double().tolist(), given.teacher.double().tolist(), strict=True):
        if name == "mse":
            total += sum((a - b) ** 2 for a, b in zip(ours, theirs, strict=True)) / 10
        elif name == "cosine":
            product = sum(a * b for a, b in zip(ours, theirs, strict=True))
            total += 1 - product / math.sqrt(sum(a * a for a in ours) * sum(b * b for b in theirs))
        else:
            wanted = [math.exp(b / T) / sum(math.exp(other / T) for other in theirs) for b in theirs]
            given_log = [a / T - math.log(sum(math.exp(other / T) for other in ours)) for a in ours]
            entropy = sum(p * math.log(p) for p in wanted) if name == "kl_div" else 0.0
            total += T**2 * (entropy - sum(p * q for p, q in zip(wanted, given_log, strict=True)))
    return total / 8


@pytest.mark.parametrize("name", response.COMPARISONS)
def test_each_comparison_is_its_formula_and_no_neighbours(name: str):
    assert compared(name) == pytest.approx(written_out(name), rel=1e-6)
    for other in set(response.COMPARISONS) - {name}:
        assert compared(other) != pytest.approx(written_out(name), rel=1e-2)


def test_cross_entropy_has_the_gradient_of_kl_div():
    given = golden()
    gradients = []
    for name in ("kl_div", "cross_entropy"):
        student = given.student.clone().requires_grad_()
        comparison = response.comparison(name)
        comparison.compare(student, comparison.prepare(given.teacher, T), T).backward()
        gradients.append(student.grad)
    torch.testing.assert_close(*gradients)


def test_mse_is_twice_the_limit_of_kl_div_at_a_high_temperature():
    given = golden()
    student, teacher = (
        logits.double() - logits.double().mean(1, keepdim=True) for logits in (given.student, given.teacher)
    )
    limit = response.soft_loss(student, response.soften(teacher, 1e4), 1e4).item()
    assert response.logit_mse(student, teacher).item() == pytest.approx(2 * limit, rel=1e-3)


def test_each_pixel_of_a_dense_head_is_a_sample():
    maps = torch.randn(2, 3, 4, 5)
    rows = response.rows(maps)
    assert rows.shape == (40, 3)
    assert torch.equal(rows[5 * 2 + 1], maps[0, :, 2, 1])
    assert torch.equal(rows[20 + 3], maps[1, :, 0, 3])
    assert response.rows(rows) is rows


def test_an_unknown_comparison_is_refused_with_the_known_ones():
    with pytest.raises(Refused, match="no distillation loss huber; available: kl_div, mse, cosine, cross_entropy"):
        response.comparison("huber")
