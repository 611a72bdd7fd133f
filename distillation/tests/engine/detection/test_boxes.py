"""Anchors, overlaps in closed form, and distances there and back."""

from __future__ import annotations

import math

import pytest
import torch

from distillation.engine.detection import anchors as places
from distillation.engine.detection import boxes as geometry
from distillation.engine.detection.anchors import anchors
from distillation.engine.detection.outputs import REG_MAX
from distillation.tests.engine.detection.scenes import random_boxes, saying

CPU = torch.device("cpu")


def pair(*boxes: tuple[float, float, float, float]) -> tuple[torch.Tensor, ...]:
    return tuple(torch.tensor([box], dtype=torch.float64) for box in boxes)


def test_anchors_are_the_centres_of_cells_level_by_level_and_row_by_row():
    points, strides = anchors(64, CPU)
    assert points.shape == (64 + 16 + 4, 2)
    assert points[:3].tolist() == [[4, 4], [12, 4], [20, 4]]
    assert points[8].tolist() == [4, 12]
    assert points[64:66].tolist() == [[8, 8], [24, 8]]
    assert points[-1].tolist() == [48, 48]
    assert strides[[0, 63, 64, 79, 80, 83], 0].tolist() == [8, 8, 16, 16, 32, 32]


def test_anchors_are_made_once_and_serve_training_even_when_made_in_inference_mode():
    anchors.cache_clear()
    with torch.inference_mode():
        first = anchors(96, CPU)
    assert anchors(96, CPU) is first
    weight = torch.ones(2, requires_grad=True)
    (first.points * weight).sum().backward()


@pytest.mark.parametrize("size", [32, 64, 320, 640])
def test_the_number_of_answers_tells_the_size_of_the_picture(size: int):
    expected = anchors(size, CPU)
    assert places.of(torch.zeros(2, len(expected.points), 4)) is expected


@pytest.mark.parametrize("size", [0, 48])
def test_another_size_than_a_multiple_of_the_coarsest_cell_is_an_error(size: int):
    with pytest.raises(ValueError, match="multiple of 32"):
        anchors(size, CPU)
    with pytest.raises(ValueError, match="anchors"):
        places.of(torch.zeros(1, 22, 4))


def test_overlaps_in_closed_form():
    one, half, apart, empty = pair((0, 0, 4, 4), (0, 0, 4, 8), (9, 9, 10, 10), (2, 2, 2, 2))
    assert geometry.iou(one, one).item() == pytest.approx(1)
    assert geometry.iou(one, half).item() == pytest.approx(0.5)
    assert geometry.iou(one, apart).item() == 0
    assert geometry.iou(one, empty).item() == 0
    assert geometry.iou(empty, empty).item() == 0
    assert geometry.iou(torch.rand(3, 1, 4), torch.rand(1, 5, 4)).shape == (3, 5)


def test_complete_iou_in_closed_form():
    one, wide, moved = pair((0, 0, 4, 4), (0, 0, 8, 4), (4, 0, 8, 4))
    assert geometry.complete_iou(one, one).item() == pytest.approx(1)
    # Equal shapes: only the distance counts, 4² of a diagonal of 8² + 4².
    assert geometry.complete_iou(one, moved).item() == pytest.approx(-16 / 80)
    shape = 4 / math.pi**2 * (math.atan(2) - math.atan(1)) ** 2
    expected = 0.5 - 2**2 / 80 - shape**2 / (1 - 0.5 + shape)
    assert geometry.complete_iou(one, wide).item() == pytest.approx(expected)
    # Scaling both changes nothing.
    assert geometry.complete_iou(one * 7, wide * 7).item() == pytest.approx(expected)


def test_the_gradient_of_complete_iou_is_that_of_its_values_with_alpha_held():
    generator = torch.Generator().manual_seed(1)
    found, wanted = (random_boxes(generator, 6, 64).double() for _ in range(2))
    found.requires_grad_()
    geometry.complete_iou(found, wanted).sum().backward()

    def held(boxes: torch.Tensor) -> torch.Tensor:
        """The definition once more, α from the boxes where the gradient is taken."""
        overlap = geometry.iou(found.detach(), wanted)
        slope = [torch.atan((b[:, 2] - b[:, 0]) / (b[:, 3] - b[:, 1])) for b in (found.detach(), wanted, boxes)]
        shape = 4 / math.pi**2 * (slope[1] - slope[0]) ** 2
        alpha = shape / (1 - overlap + shape)
        centre = (geometry.centred(boxes)[:, :2] - geometry.centred(wanted)[:, :2]).square().sum(1)
        around = torch.cat((torch.minimum(boxes, wanted)[:, :2], torch.maximum(boxes, wanted)[:, 2:]), 1)
        diagonal = geometry.centred(around)[:, 2:].square().sum(1)
        return geometry.iou(boxes, wanted) - centre / diagonal - alpha * 4 / math.pi**2 * (slope[1] - slope[2]) ** 2

    again = found.detach().clone().requires_grad_()
    held(again).sum().backward()
    torch.testing.assert_close(found.grad, again.grad, rtol=1e-4, atol=1e-7)
    assert torch.autograd.gradcheck(held, again)


def test_the_gradient_of_complete_iou_is_finite_for_boxes_without_area():
    found = torch.tensor([[3.0, 3, 3, 3], [3, 3, 9, 3]], requires_grad=True)
    for wanted in ([[3.0, 3, 3, 3]], [[0.0, 0, 5, 5]]):
        geometry.complete_iou(found, torch.tensor(wanted).expand(2, 4)).sum().backward()
    assert found.grad.isfinite().all()


def test_centres_and_corners_go_both_ways():
    boxes = torch.tensor([[2.0, 4, 10, 24]])
    assert geometry.centred(boxes).tolist() == [[6, 14, 8, 20]]
    assert torch.equal(geometry.corners(geometry.centred(boxes)), boxes)


def test_the_distance_is_the_expectation_over_the_bins():
    logits = torch.zeros(1, 4 * REG_MAX)
    assert geometry.distances(logits).tolist() == [[7.5] * 4]
    logits.view(4, REG_MAX)[2, 9] = 50  # right
    assert geometry.distances(logits)[0].tolist() == pytest.approx([7.5, 7.5, 9, 7.5])


def test_boxes_come_back_from_the_distances_that_stand_for_them():
    size, generator = 128, torch.Generator().manual_seed(2)
    points, strides = anchors(size, CPU)
    # Boxes around their anchors that the bins can express.
    sides = torch.rand(1, len(points), 4, generator=generator) * (REG_MAX - 1.1)
    boxes = geometry.from_distances(points, strides, sides)
    torch.testing.assert_close(geometry.to_distances(points, strides, boxes), sides, rtol=1e-4, atol=1e-4)
    found = geometry.from_distances(points, strides, geometry.distances(saying(boxes, size)))
    torch.testing.assert_close(found, boxes, rtol=1e-3, atol=1e-2)


def test_distances_beyond_the_bins_are_cut():
    points, strides = torch.tensor([[4.0, 4.0]]), torch.tensor([[8.0]])
    assert geometry.to_distances(points, strides, torch.tensor([[5.0, 0, 4000, 12]]))[0].tolist() == pytest.approx(
        [0, 0.5, 14.99, 1]
    )
