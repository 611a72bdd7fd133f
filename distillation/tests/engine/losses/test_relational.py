"""RKD, SP and PKT: golden values, and what they do not see."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from distillation.engine.losses import relational
from distillation.tests.engine.losses.golden import golden


def test_rkd_has_the_golden_value():
    given = golden()
    loss = relational.relational(given.student_vectors, given.teacher_vectors)
    assert loss.item() == pytest.approx(0.6101900, abs=1e-7)


def test_sp_has_the_golden_value():
    given = golden()
    loss = relational.similarity_preserving(given.student_maps, given.teacher_maps)
    assert loss.item() == pytest.approx(0.00600653, abs=1e-8)


def test_pkt_has_the_golden_value():
    given = golden()
    loss = relational.probabilistic(given.student_vectors, given.teacher_vectors)
    assert loss.item() == pytest.approx(0.00187889, abs=1e-8)


def test_the_two_parts_of_rkd_are_those_of_pairs_and_triples():
    given = golden()

    def distances(vectors: torch.Tensor) -> torch.Tensor:
        pairs = torch.tensor([[math.dist(a, b) for b in vectors.tolist()] for a in vectors.tolist()])
        return pairs / (pairs.sum() / (8 * 7))

    expected = 25 * F.smooth_l1_loss(distances(given.student_vectors), distances(given.teacher_vectors))
    loss = relational.relational(given.student_vectors, given.teacher_vectors, angle=0)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)

    def angles(vectors: torch.Tensor) -> torch.Tensor:
        return torch.tensor(
            [
                0.0 if vertex in (i, j) else F.cosine_similarity(a - vectors[vertex], b - vectors[vertex], dim=0).item()
                for vertex in range(8)
                for i, a in enumerate(vectors)
                for j, b in enumerate(vectors)
            ]
        )

    expected = 50 * F.smooth_l1_loss(angles(given.student_vectors), angles(given.teacher_vectors))
    loss = relational.relational(given.student_vectors, given.teacher_vectors, distance=0)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-4)


def test_rkd_does_not_see_turning_moving_and_scaling():
    vectors = golden().teacher_vectors
    turned = torch.linalg.qr(torch.randn(32, 32)).Q
    assert relational.relational(3 * vectors @ turned + 5, vectors).item() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("compare", [relational.relational, relational.similarity_preserving, relational.probabilistic])
def test_widths_may_differ_and_a_collapsed_student_gets_a_finite_gradient(compare):
    teacher = golden().teacher_vectors
    student = torch.ones(8, 5, requires_grad=True)
    loss = compare(student, teacher)
    loss.backward()
    assert loss.item() > 0
    assert student.grad is not None
    assert torch.isfinite(student.grad).all()
    assert compare(teacher, teacher).item() == pytest.approx(0, abs=1e-6)
