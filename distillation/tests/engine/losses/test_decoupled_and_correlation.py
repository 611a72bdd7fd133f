"""DKD and DIST: golden values, and the properties that the papers promise."""

from __future__ import annotations

import pytest
import torch

from distillation.engine import losses
from distillation.engine.losses import correlation, decoupled
from distillation.tests.engine.losses.golden import golden


def test_dkd_has_the_golden_value():
    given = golden()
    # In float32 the last digit of 39.401658 is noise: its neighbours are 4e-6 apart.
    exact = decoupled.decoupled(given.student.double(), given.teacher.double(), given.labels, 4.0)
    assert exact.item() == pytest.approx(39.401657, abs=1e-6)
    assert decoupled.decoupled(given.student, given.teacher, given.labels, 4.0).item() == pytest.approx(
        39.401657, abs=4e-6
    )


def test_dkd_with_the_weight_that_kd_gives_implicitly_is_kd():
    given = golden()
    for row in range(8):
        student, teacher = given.student[row : row + 1], given.teacher[row : row + 1]
        label = given.labels[row : row + 1]
        soft = losses.soften(teacher, 4.0)
        loss = decoupled.decoupled(student, teacher, label, 4.0, beta=1 - soft[0, int(label)].item())
        assert loss.item() == pytest.approx(losses.soft_loss(student, soft, 4.0).item(), rel=1e-5)


def test_the_target_of_an_unlabelled_sample_is_the_teachers_first_choice():
    given = golden()
    some = given.labels.clone()
    some[2:] = losses.IGNORED
    chosen = torch.cat([given.labels[:2], given.teacher[2:].argmax(dim=1)])
    assert not torch.equal(chosen, given.labels)
    assert torch.equal(
        decoupled.decoupled(given.student, given.teacher, some, 4.0),
        decoupled.decoupled(given.student, given.teacher, chosen, 4.0),
    )


def test_dkd_of_two_classes_and_of_extreme_logits_is_finite():
    logits = torch.tensor([[200.0, -200.0], [-200.0, 200.0]], requires_grad=True)
    loss = decoupled.decoupled(logits, -logits.detach(), torch.tensor([0, 1]), 1.0)
    loss.backward()
    assert torch.isfinite(loss)
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_the_warm_up_rises_to_one_over_its_epochs():
    assert [decoupled.warm_up(epoch, 4) for epoch in range(6)] == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    assert decoupled.warm_up(0) == 0.05
    assert decoupled.warm_up(0, 0) == 1.0


def test_dist_has_the_golden_value():
    given = golden()
    assert correlation.correlation(given.student, given.teacher).item() == pytest.approx(2.1420066, abs=1e-6)


def test_each_part_of_dist_is_one_minus_pearsons_correlation():
    given = golden()
    student, teacher = torch.softmax(given.student / 2, 1), torch.softmax(given.teacher / 2, 1)
    inter = sum(1 - torch.corrcoef(torch.stack(pair))[0, 1] for pair in zip(student, teacher, strict=True)) / 8
    intra = sum(1 - torch.corrcoef(torch.stack(pair))[0, 1] for pair in zip(student.T, teacher.T, strict=True)) / 10
    assert inter.item() != pytest.approx(intra.item(), rel=0.01)
    for beta, gamma in ((1, 0), (0, 1), (2, 3)):
        loss = correlation.correlation(given.student, given.teacher, 2.0, beta=beta, gamma=gamma)
        assert loss.item() == pytest.approx(4 * (beta * inter + gamma * intra).item(), rel=1e-5)
