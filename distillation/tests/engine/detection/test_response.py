"""Response distillation of detectors against its formula, and what it leaves alone."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Bernoulli, Categorical, kl_divergence

from distillation.engine import losses
from distillation.engine.detection.outputs import REG_MAX, Detections
from distillation.engine.detection.response import response_loss
from distillation.tests.engine.detection.scenes import answering, random_answers

SIZE, CLASSES = 32, 4


def both(seed: int = 0) -> tuple[Detections, Detections]:
    teacher, student = (random_answers(2, SIZE, CLASSES, seed + number, spread=2.0) for number in (0, 1))
    return teacher, student._replace(classes=student.classes.requires_grad_(), boxes=student.boxes.requires_grad_())


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_the_terms_are_those_of_the_formula(temperature: float):
    teacher, student = both()
    weight = teacher.classes.sigmoid().amax(-1)
    classes = kl_divergence(
        Bernoulli(logits=teacher.classes / temperature), Bernoulli(logits=student.classes / temperature)
    ).sum(-1)
    boxes = kl_divergence(
        *(Categorical(logits=of.boxes.unflatten(-1, (4, REG_MAX)) / temperature) for of in (teacher, student))
    ).mean(-1)
    terms = response_loss(teacher, student, temperature)
    factor = temperature**2 / weight.sum().item()
    assert weight.sum() > 1
    assert terms.classes.item() == pytest.approx(factor * (weight * classes).sum().item(), rel=1e-4)
    assert terms.boxes.item() == pytest.approx(factor * (weight * boxes).sum().item(), rel=1e-4)


def test_a_student_that_answers_as_the_teacher_has_nothing_to_learn():
    teacher, _ = both()
    student = answering(teacher.classes.clone().requires_grad_(), teacher.boxes.clone().requires_grad_())
    terms = response_loss(teacher, student, 2.0)
    assert terms.classes.item() == pytest.approx(0, abs=1e-5)
    assert terms.boxes.item() == pytest.approx(0, abs=1e-5)
    (terms.classes + terms.boxes).backward()
    assert student.classes.grad.abs().max() < 1e-6
    assert student.boxes.grad.abs().max() < 1e-6


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_the_gradient_is_the_weighted_difference_of_the_softened_answers(temperature: float):
    teacher, student = both(4)
    terms = response_loss(teacher, student, temperature)
    (terms.classes + terms.boxes).backward()
    weight = teacher.classes.sigmoid().amax(-1, keepdim=True)
    factor = temperature * weight / weight.sum()  # T² of the loss, 1 / T of the inner derivative
    with torch.no_grad():
        classes = (student.classes / temperature).sigmoid() - (teacher.classes / temperature).sigmoid()
        bins = [of.boxes.unflatten(-1, (4, REG_MAX)).div(temperature).softmax(-1) for of in (student, teacher)]
    torch.testing.assert_close(student.classes.grad, factor * classes, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(student.boxes.grad, factor / 4 * (bins[0] - bins[1]).flatten(-2), rtol=1e-4, atol=1e-6)


def test_a_sure_anchor_weighs_more_than_background():
    teacher, student = both(2)
    teacher.classes.fill_(-9)
    teacher.classes[0, 5, 1] = 4
    terms = response_loss(teacher, student, 1.0)
    terms.boxes.backward()
    sizes = student.boxes.grad.abs().sum(-1)
    assert sizes[0, 5] > 100 * sizes.flatten().sort().values[-2]


def test_a_teacher_that_sees_nothing_asks_for_nothing_and_keeps_a_graph():
    teacher, student = both()
    teacher.classes.fill_(-200.0)
    terms = response_loss(teacher, student, 4.0)
    (terms.classes + terms.boxes).backward()
    assert terms.classes.item() == terms.boxes.item() == 0
    assert not student.classes.grad.any()
    assert not student.boxes.grad.any()


def test_doubting_teachers_are_not_made_louder():
    teacher, student = both()
    teacher.classes.fill_(-12.0)
    assert response_loss(teacher, student, 1.0).boxes < 0.01


def test_the_teachers_columns_are_put_in_the_students_order_and_others_have_no_part():
    teacher, student = both()
    columns = (2, 0, 3)
    chosen = answering(teacher.classes[..., columns], teacher.boxes)
    narrow = student._replace(classes=student.classes[..., :3])
    expected = response_loss(chosen, narrow, 2.0)
    found = response_loss(teacher, narrow, 2.0, columns)
    assert (found.classes.item(), found.boxes.item()) == (expected.classes.item(), expected.boxes.item())
    teacher.classes[..., 1] = 9.0  # sure of a class that the student does not have
    assert response_loss(teacher, narrow, 2.0, columns).boxes.item() == expected.boxes.item()


def test_no_gradient_goes_to_the_teacher_and_the_proof_of_teaching_accepts_the_terms():
    teacher, _ = both()
    teacher.classes.requires_grad_()
    model = torch.nn.Linear(1, CLASSES + 4 * REG_MAX)
    answer = model(torch.ones(2, len(teacher.classes[0]), 1)).split((CLASSES, 4 * REG_MAX), dim=-1)
    terms = response_loss(teacher, answering(answer[0], answer[1]), 2.0)
    losses.require_teaching(terms.classes, model)
    losses.require_teaching(terms.boxes, model)
    (terms.classes + terms.boxes).backward()
    assert teacher.classes.grad is None


def test_learning_from_the_terms_makes_the_answers_the_teachers():
    teacher, student = both()
    optimizer = torch.optim.Adam((student.classes, student.boxes), lr=0.5)
    for _ in range(60):
        terms = response_loss(teacher, student, 2.0)
        optimizer.zero_grad()
        (terms.classes + terms.boxes).backward()
        optimizer.step()
    sure = teacher.classes.sigmoid().amax(-1) > 0.3
    assert sure.any()
    apart = (teacher.classes.sigmoid() - student.classes.sigmoid())[sure].abs()
    assert apart.max() < 0.1
