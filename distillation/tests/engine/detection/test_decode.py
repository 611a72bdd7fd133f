"""Suppression against the slow loop, thresholds and limits, and boxes that come back as they were written."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from distillation.engine.detection import suppression
from distillation.engine.detection.anchors import anchors
from distillation.engine.detection.boxes import iou
from distillation.engine.detection.decode import FOR_PEOPLE, FOR_SCORING, Decoding, decode
from distillation.engine.detection.outputs import Detections
from distillation.engine.detection.suppression import suppress
from distillation.tests.engine.detection.scenes import SURE, answering, random_answers, random_boxes, saying

SIZE, CLASSES = 64, 3
COUNT = len(anchors(SIZE, torch.device("cpu")).points)


def slowly(boxes: torch.Tensor, labels: torch.Tensor, threshold: float, limit: int) -> list[int]:
    kept: list[int] = []
    for place in range(len(boxes)):
        rivals = [other for other in kept if labels[other] == labels[place]]
        if all(iou(boxes[place], boxes[other]) <= threshold for other in rivals):
            kept.append(place)
    return kept[:limit]


def answers(*objects: tuple[int, tuple[float, ...], float, list[float]]) -> Detections:
    """One picture with, for each of these, an anchor that says (box, sureness of each class)."""
    classes, boxes = torch.full((1, COUNT, CLASSES), -SURE), torch.zeros(1, COUNT, 4)
    for anchor, box, _, scores in objects:
        classes[0, anchor] = torch.logit(torch.tensor(scores))
        boxes[0, anchor] = torch.tensor(box)
    return answering(classes, saying(boxes, SIZE))


def one(anchor: int, box: tuple[float, ...], scores: list[float]) -> tuple[int, tuple[float, ...], float, list[float]]:
    return anchor, box, max(scores), scores


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(0, 60),
    classes=st.integers(1, 3),
    threshold=st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0]),
    limit=st.sampled_from([1, 5, 300]),
    block=st.sampled_from([1, 7, 256]),
)
def test_suppression_equals_the_loop_over_boxes(
    seed: int, count: int, classes: int, threshold: float, limit: int, block: int
):
    generator = torch.Generator().manual_seed(seed)
    boxes = random_boxes(generator, count, 40)
    labels = torch.randint(0, classes, (count,), generator=generator)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suppression, "_BLOCK", block)
        assert suppress(boxes, labels, threshold, limit).tolist() == slowly(boxes, labels, threshold, limit)


def test_a_chain_of_boxes_loses_every_second_one():
    first = torch.arange(6.0)[:, None] * 4
    boxes = torch.cat((first, torch.zeros(6, 1), first + 10, torch.full((6, 1), 10.0)), 1)  # neighbours: 6/14
    assert suppress(boxes, torch.zeros(6), 0.4, 300).tolist() == [0, 2, 4]


def test_what_was_written_is_read():
    found = decode(answers(one(9, (5.0, 6, 30, 40), [0.1, 0.9, 0.2]), one(50, (20.0, 30, 60, 62), [0.6, 0.3, 0.1])))[0]
    torch.testing.assert_close(found.boxes, torch.tensor([[5.0, 6, 30, 40], [20, 30, 60, 62]]), rtol=0, atol=0.01)
    torch.testing.assert_close(found.scores, torch.tensor([0.9, 0.6]))
    assert found.labels.tolist() == [1, 0]


def test_scoring_takes_a_box_for_every_class_and_people_get_the_best_alone():
    outputs = answers(one(9, (5.0, 6, 30, 40), [0.4, 0.9, 0.01]))
    assert decode(outputs, FOR_PEOPLE)[0].labels.tolist() == [1]
    assert decode(outputs, FOR_SCORING)[0].labels.tolist() == [1, 0, 2]


def test_boxes_of_one_class_that_overlap_are_one_object_and_of_two_classes_are_two():
    box, near = (5.0, 6, 30, 40), (6.0, 6, 31, 40)
    same = decode(answers(one(9, box, [0.1, 0.9, 0.1]), one(10, near, [0.1, 0.8, 0.1])))[0]
    other = decode(answers(one(9, box, [0.1, 0.9, 0.1]), one(10, near, [0.8, 0.1, 0.1])))[0]
    assert len(same.labels) == 1
    assert other.labels.tolist() == [1, 0]


def test_every_class_may_have_a_threshold_of_its_own():
    outputs = answers(one(9, (5.0, 6, 30, 40), [0.4, 0.45, 0.01]), one(50, (40.0, 40, 60, 60), [0.35, 0.1, 0.2]))
    assert decode(outputs, Decoding(confidence=(0.3, 0.3, 0.3)))[0].labels.tolist() == [1, 0]
    # The best class of the first box does not reach its threshold; its second best does.
    assert decode(outputs, Decoding(confidence=(0.38, 0.5, 0.3)))[0].labels.tolist() == [0]


def test_limits_keep_the_surest():
    outputs = random_answers(2, SIZE, CLASSES, 3, spread=2.0)
    everything = decode(outputs, Decoding(confidence=0.0, overlap=1.0, every_label=True, candidates=10**6, limit=10**6))
    few = decode(outputs, Decoding(confidence=0.0, overlap=1.0, every_label=True, candidates=50, limit=20))
    for whole, part in zip(everything, few, strict=True):
        assert len(whole.scores) == COUNT * CLASSES
        assert (whole.scores.diff() <= 0).all()
        assert torch.equal(part.scores, whole.scores[:20])
        assert torch.equal(part.boxes, whole.boxes[:20])


def test_a_picture_with_nothing_sure_enough_is_answered_with_no_boxes():
    found = decode(random_answers(2, SIZE, CLASSES), Decoding(confidence=0.999))
    assert [(of.boxes.shape, len(of.scores), len(of.labels)) for of in found] == [((0, 4), 0, 0)] * 2


def test_a_score_at_the_threshold_is_taken():
    outputs = answers()
    outputs.classes[0, 7, 2] = 0.0
    assert decode(outputs, Decoding(confidence=0.5))[0].scores.tolist() == [0.5]
    assert len(decode(outputs, Decoding(confidence=0.51))[0].scores) == 0


def test_answers_that_are_no_numbers_are_no_objects():
    outputs = answers()
    outputs.classes[0, 3] = torch.nan
    assert len(decode(outputs)[0].scores) == 0
    assert len(decode(outputs, FOR_SCORING)[0].scores) == 0
