"""Task-aligned assignment against a slow one, and its properties."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from distillation.engine.detection import boxes as geometry
from distillation.engine.detection.anchors import anchors
from distillation.engine.detection.assignment import ALPHA, BETA, Assignment, assign
from distillation.engine.detection.outputs import Detections
from distillation.engine.detection.targets import Targets, padded
from distillation.tests.engine.detection.scenes import answering, random_answers, random_boxes

SIZE, CLASSES = 64, 3
POINTS = anchors(SIZE, torch.device("cpu"))


def decoded(answers: Detections) -> torch.Tensor:
    return geometry.from_distances(*POINTS, geometry.distances(answers.boxes))


def random_targets(seed: int, most: int, pictures: int = 3, least: float = 8.0) -> Targets:
    generator = torch.Generator().manual_seed(seed)
    counts = torch.randint(0, most + 1, (pictures,), generator=generator).tolist()
    return padded(
        [torch.randint(0, CLASSES, (count,), generator=generator) for count in counts],
        [random_boxes(generator, count, SIZE, least) for count in counts],
    )


def assigned(answers: Detections, targets: Targets, topk: int = 10) -> Assignment:
    return assign(answers.classes, decoded(answers), targets, POINTS, topk)


def as_rows(found: Assignment) -> list[tuple[int, int, int, float]]:
    return sorted(zip(*(column.tolist() for column in found), strict=True))


def slowly(answers: Detections, targets: Targets, topk: int) -> list[tuple[int, int, int, float]]:
    """The paper's rules as loops over pictures, objects and anchors."""
    boxes, rows = decoded(answers), []
    for picture in range(len(targets.labels)):
        claims: dict[int, tuple[float, int, float]] = {}
        for place, label in enumerate(targets.labels[picture].tolist()):
            if label < 0:
                continue
            box = targets.boxes[picture, place]
            candidates = []
            for anchor, (x, y) in enumerate(POINTS.points.tolist()):
                if box[0] <= x <= box[2] and box[1] <= y <= box[3]:
                    overlap = float(geometry.iou(boxes[picture, anchor], box))
                    score = float(answers.classes[picture, anchor, label].sigmoid())
                    candidates.append((score**ALPHA * overlap**BETA, overlap, anchor))
            for fitness, overlap, anchor in sorted(candidates, reverse=True)[:topk]:
                if anchor not in claims or overlap > claims[anchor][0]:
                    claims[anchor] = (overlap, place, fitness)
        for anchor, (_, place, fitness) in claims.items():
            mine = [claim for claim in claims.values() if claim[1] == place]
            score = fitness / max(claim[2] for claim in mine) * max(claim[0] for claim in mine)
            rows.append((picture, anchor, place, score))
    return sorted(rows)


@pytest.mark.parametrize("topk", [1, 4, 10])
@pytest.mark.parametrize("seed", range(4))
def test_it_equals_the_rules_written_as_loops(seed: int, topk: int):
    answers, targets = random_answers(3, SIZE, CLASSES, seed), random_targets(seed, 5)
    found, expected = as_rows(assigned(answers, targets, topk)), slowly(answers, targets, topk)
    assert [row[:3] for row in found] == [row[:3] for row in expected]
    assert [row[3] for row in found] == pytest.approx([row[3] for row in expected], rel=1e-4)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), most=st.integers(0, 12), least=st.sampled_from([0.0, 0.5, 8.0, 40.0]))
def test_whatever_the_objects_its_promises_hold(seed: int, most: int, least: float):
    answers, targets = random_answers(3, SIZE, CLASSES, seed, spread=2.0), random_targets(seed, most, least=least)
    found = assigned(answers, targets)
    pairs = list(zip(found.pictures.tolist(), found.anchors.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert (targets.labels[found.pictures, found.objects] >= 0).all()
    assert ((found.scores >= 0) & (found.scores <= 1)).all()
    objects = list(zip(found.pictures.tolist(), found.objects.tolist(), strict=True))
    assert all(objects.count(one) <= 10 for one in set(objects))
    reach = 0.5 * (targets.boxes[..., 2:] - targets.boxes[..., :2]).clamp(min=8)
    middle = geometry.centred(targets.boxes)[..., :2]
    away = (POINTS.points[found.anchors] - middle[found.pictures, found.objects]).abs()
    assert (away <= reach[found.pictures, found.objects] + 1e-4).all()


def test_an_anchor_that_two_objects_claim_stays_with_the_one_it_overlaps_most():
    answers = random_answers(1, SIZE, CLASSES)
    boxes = torch.tensor([[20.0, 20, 60, 60]]).expand(1, len(POINTS.points), 4)
    targets = padded([torch.tensor([0, 1])], [torch.tensor([[0.0, 0, 64, 64], [18, 18, 60, 60]])])
    found = assign(answers.classes, boxes, targets, POINTS, topk=len(POINTS.points))
    inside = ((POINTS.points >= 18) & (POINTS.points <= 60)).all(1)
    assert (found.objects == 1).tolist() == inside[found.anchors].tolist()
    assert len(found.anchors) == len(POINTS.points)


def test_equal_claims_are_settled_by_order():
    answers = random_answers(1, SIZE, CLASSES)
    twice = padded([torch.tensor([2, 2])], [torch.tensor([[8.0, 8, 40, 40]] * 2)])
    found = assigned(answers, twice)
    assert found.objects.tolist() == [0] * 10
    flat = answering(torch.zeros_like(answers.classes), torch.zeros_like(answers.boxes))
    boxes = torch.tensor([[8.0, 8, 40, 40]]).expand(1, len(POINTS.points), 4)
    first = assign(flat.classes, boxes, twice, POINTS, topk=3).anchors.tolist()
    assert first == [9, 10, 11]  # the first three centres inside


@pytest.mark.parametrize("places", [0, 3])
def test_pictures_without_objects_have_only_background(places: int):
    targets = Targets(torch.full((2, places), -1), torch.zeros(2, places, 4))
    assert len(assigned(random_answers(2, SIZE, CLASSES), targets).scores) == 0


def test_padding_changes_nothing():
    answers, targets = random_answers(3, SIZE, CLASSES, 5), random_targets(5, 4)
    wider = Targets(
        torch.cat((targets.labels, torch.full((3, 6), -1)), 1), torch.cat((targets.boxes, torch.zeros(3, 6, 4)), 1)
    )
    assert as_rows(assigned(answers, targets)) == as_rows(assigned(answers, wider))


def test_unlabelled_pictures_are_given_nothing():
    answers, targets = random_answers(3, SIZE, CLASSES, 1), random_targets(3, 5)
    some = targets._replace(labelled=torch.tensor([True, False, True]))
    everywhere = as_rows(assigned(answers, targets))
    assert {row[0] for row in everywhere} == {0, 1, 2}
    assert as_rows(assigned(answers, some)) == [row for row in everywhere if row[0] != 1]


def test_an_object_smaller_than_a_cell_is_not_lost():
    targets = padded([torch.tensor([1])], [torch.tensor([[29.5, 29.5, 34.5, 34.5]])])  # no level has a centre there
    found = assigned(random_answers(1, SIZE, CLASSES), targets)
    assert len(found.anchors) > 0
    assert (found.scores > 0).all()


def test_a_pseudo_labels_confidence_scales_what_is_asked():
    answers, targets = random_answers(3, SIZE, CLASSES, 2), random_targets(2, 4)
    scores = torch.rand(targets.labels.shape, generator=torch.Generator().manual_seed(0))
    plain, scaled = assigned(answers, targets), assigned(answers, targets._replace(scores=scores))
    torch.testing.assert_close(scaled.scores, plain.scores * scores[plain.pictures, plain.objects])


def test_the_best_anchor_of_an_object_is_asked_for_the_objects_best_overlap():
    answers, targets = random_answers(3, SIZE, CLASSES, 7), random_targets(7, 1)
    found, boxes = assigned(answers, targets), decoded(answers)
    overlap = geometry.iou(boxes[found.pictures, found.anchors], targets.boxes[found.pictures, found.objects])
    for picture in set(found.pictures.tolist()):
        mine = found.pictures == picture
        assert found.scores[mine].max().item() == pytest.approx(overlap[mine].max().item(), rel=1e-5)
