"""The terms of the loss against their formulas, their gradients, and what has no part in them."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from distillation.engine.detection import boxes as geometry
from distillation.engine.detection.anchors import anchors
from distillation.engine.detection.assignment import assign
from distillation.engine.detection.loss import detection_loss
from distillation.engine.detection.outputs import REG_MAX, Detections
from distillation.engine.detection.targets import Targets, padded
from distillation.tests.engine.detection.scenes import SURE, answering, random_answers, saying

SIZE, CLASSES = 64, 3
POINTS = anchors(SIZE, torch.device("cpu"))
BOX = torch.tensor([10.0, 12, 50, 44])


def targets(*counts: int) -> Targets:
    generator = torch.Generator().manual_seed(len(counts))
    corner = [torch.rand(count, 2, generator=generator) * 30 for count in counts]
    return padded(
        [torch.randint(0, CLASSES, (count,), generator=generator) for count in counts],
        [torch.cat((first, first + 12 + 20 * torch.rand(len(first), 2, generator=generator)), 1) for first in corner],
    )


def learning(answers: Detections) -> Detections:
    return answers._replace(classes=answers.classes.requires_grad_(), boxes=answers.boxes.requires_grad_())


def test_the_terms_are_those_of_their_formulas_written_densely():
    answers, wanted = random_answers(3, SIZE, CLASSES, 4), targets(2, 0, 3)
    found = geometry.from_distances(*POINTS, geometry.distances(answers.boxes))
    assigned = assign(answers.classes, found, wanted, POINTS)
    dense = torch.zeros_like(answers.classes)
    boxes, dfl = 0.0, 0.0
    for picture, anchor, place, score in zip(*(column.tolist() for column in assigned), strict=True):
        dense[picture, anchor, wanted.labels[picture, place]] = score
        box = wanted.boxes[picture, place]
        boxes += score * (1 - float(geometry.complete_iou(found[picture, anchor], box)))
        sides = geometry.to_distances(POINTS.points[anchor], POINTS.strides[anchor], box)
        logits = answers.boxes[picture, anchor].view(4, REG_MAX)
        for row, side in zip(logits, sides.tolist(), strict=True):
            below = math.floor(side)
            nearest = F.cross_entropy(row, torch.tensor(below)), F.cross_entropy(row, torch.tensor(below + 1))
            dfl += score / 4 * float(nearest[0] * (below + 1 - side) + nearest[1] * (side - below))
    total = max(1.0, float(dense.sum()))
    terms = detection_loss(answers, wanted)
    expected = F.binary_cross_entropy_with_logits(answers.classes, dense, reduction="sum") / total
    assert terms.classes.item() == pytest.approx(expected.item(), rel=1e-5)
    assert terms.boxes.item() == pytest.approx(boxes / total, rel=1e-4)
    assert terms.dfl.item() == pytest.approx(dfl / total, rel=1e-4)
    assert terms.total().item() == pytest.approx(
        0.5 * terms.classes.item() + 7.5 * terms.boxes.item() + 1.5 * terms.dfl.item()
    )


def test_the_gradient_is_that_of_the_values():
    answers, wanted = random_answers(1, 32, 2, 8), padded([torch.tensor([1])], [torch.tensor([[4.0, 5, 28, 27]])])
    learning(answers)
    terms = detection_loss(answers, wanted)
    # CIoU's α has no gradient; it is kept out of this comparison and tested with the boxes.
    classes, dfl = torch.autograd.grad(terms.classes, answers.classes, retain_graph=True)[0], None
    dfl = torch.autograd.grad(terms.dfl, answers.boxes)[0]
    generator = torch.Generator().manual_seed(0)
    for gradient, name, term in ((classes, "classes", "classes"), (dfl, "boxes", "dfl")):
        direction = torch.randn(gradient.shape, generator=generator) * (gradient != 0)
        with torch.no_grad():
            held = detection_loss_at(answers, wanted, name, direction, term)
        assert held == pytest.approx(float((gradient * direction).sum()), rel=2e-2)


def detection_loss_at(answers: Detections, wanted: Targets, name: str, direction: torch.Tensor, term: str) -> float:
    """A slope by differences, with the assignment held: it has no gradient."""
    values, step = getattr(answers, name).detach(), 1e-2
    found = geometry.from_distances(*anchors(32, torch.device("cpu")), geometry.distances(answers.boxes.detach()))
    assigned = assign(answers.classes.detach(), found, wanted, anchors(32, torch.device("cpu")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("distillation.engine.detection.assignment.assign", lambda *_: assigned)
        ends = [
            float(getattr(detection_loss(answers._replace(**{name: values + sign * step * direction}), wanted), term))
            for sign in (1, -1)
        ]
    return (ends[0] - ends[1]) / (2 * step)


def test_a_perfect_answer_costs_almost_nothing_and_a_wrong_class_or_box_much_more():
    wanted = padded([torch.tensor([1])], [BOX[None]])
    inside = ((POINTS.points > BOX[:2]) & (POINTS.points < BOX[2:])).all(1)
    # Sides that lie on a bin for the anchors of the coarsest level only; the distribution of others has an entropy.
    best = inside & (POINTS.strides[:, 0] == 16)
    classes = torch.full((1, len(inside), CLASSES), -SURE)
    classes[0, best, 1] = SURE
    boxes = saying(BOX.expand(1, len(inside), 4), SIZE)
    perfect = detection_loss(answering(classes, boxes), wanted)
    assert perfect.boxes < 0.01
    assert perfect.classes < 0.1
    moved = detection_loss(answering(classes, saying((BOX + 9).expand(1, len(inside), 4), SIZE)), wanted)
    assert moved.boxes > 20 * perfect.boxes
    assert moved.dfl > 2 * perfect.dfl
    other = detection_loss(answering(classes.roll(1, -1), boxes), wanted)
    assert other.classes > 20 * perfect.classes


def test_following_the_gradient_makes_every_term_smaller():
    answers, wanted = learning(random_answers(2, SIZE, CLASSES, 6)), targets(2, 3)
    before = detection_loss(answers, wanted)
    gradients = torch.autograd.grad(before.total(), (answers.classes, answers.boxes))
    step = answering(answers.classes - 0.5 * gradients[0], answers.boxes - 0.5 * gradients[1])
    assert all(after < term for after, term in zip(detection_loss(step, wanted), before, strict=True))


def test_a_batch_without_objects_asks_for_background_alone_and_keeps_a_graph():
    answers = learning(random_answers(2, SIZE, CLASSES))
    terms = detection_loss(answers, targets(0, 0))
    assert terms.boxes.item() == terms.dfl.item() == 0
    terms.total().backward()
    torch.testing.assert_close(answers.classes.grad, 0.5 * answers.classes.detach().sigmoid())
    assert not answers.boxes.grad.any()


def test_unlabelled_pictures_have_no_part():
    answers, wanted = random_answers(3, SIZE, CLASSES, 3), targets(2, 3, 1)
    some = wanted._replace(labelled=torch.tensor([True, False, True]))
    rows = torch.tensor([0, 2])
    alone = detection_loss(
        answering(answers.classes[rows], answers.boxes[rows]), Targets(wanted.labels[rows], wanted.boxes[rows])
    )
    learning(answers)
    terms = detection_loss(answers, some)
    assert [term.item() for term in terms] == pytest.approx([term.item() for term in alone])
    terms.total().backward()
    assert not answers.classes.grad[1].any()
    assert not answers.boxes.grad[1].any()
    assert answers.classes.grad[0].any()


def test_a_batch_without_labels_costs_nothing_and_keeps_a_graph():
    answers = learning(random_answers(2, SIZE, CLASSES))
    terms = detection_loss(answers, targets(2, 2)._replace(labelled=torch.tensor([False, False])))
    terms.total().backward()
    assert terms.total().item() == 0
    assert not answers.classes.grad.any()


def test_a_less_sure_pseudo_label_weighs_less():
    answers, wanted = random_answers(1, SIZE, CLASSES, 3), targets(8)
    half = detection_loss(answers, wanted._replace(scores=torch.full((1, 8), 0.5)))
    whole = detection_loss(answers, wanted)
    # The sum of the scores is the divisor; below 1 it is not, so the weight shows in the product.
    total = float(half.boxes / whole.boxes)
    assert 0.4 < total <= 1.0
    none = detection_loss(answers, wanted._replace(scores=torch.zeros(1, 8)))
    assert none.boxes.item() == none.dfl.item() == 0
    assert none.classes.item() == pytest.approx(F.softplus(answers.classes).sum().item(), rel=1e-5)


def test_half_precision_answers_are_compared_in_single_precision():
    answers, wanted = random_answers(2, SIZE, CLASSES, 9), targets(2, 1)
    half = answering(answers.classes.bfloat16(), answers.boxes.bfloat16())
    rounded = answering(half.classes.float(), half.boxes.float())
    terms = detection_loss(half, wanted)
    assert all(term.dtype == torch.float32 for term in terms)
    assert [term.item() for term in terms] == pytest.approx([term.item() for term in detection_loss(rounded, wanted)])


def test_objects_without_area_leave_the_loss_finite():
    answers = learning(random_answers(1, SIZE, CLASSES))
    wanted = padded([torch.tensor([0, 1])], [torch.tensor([[20.0, 20, 20, 20], [5, 30, 60, 30]])])
    detection_loss(answers, wanted).total().backward()
    assert answers.boxes.grad.isfinite().all()
    assert answers.classes.grad.isfinite().all()
