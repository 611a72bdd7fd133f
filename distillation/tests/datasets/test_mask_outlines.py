"""A mask becomes one polygon that fills the same pixels again."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from distillation.datasets import class_maps, contours
from distillation.datasets.mask_outlines import LEAST_IOU, outline

RANDOM = np.random.default_rng(7)


def filled(polygon: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return class_maps.shape_mask((polygon.astype(np.float32),), (mask.shape[1], mask.shape[0]))


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def disc(size: int, x: float, y: float, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size] + 0.5
    return (columns - x) ** 2 + (rows - y) ** 2 < radius**2


def pieces(mask: np.ndarray) -> list[np.ndarray]:
    labelled, count = ndimage.label(mask)
    return [labelled == number for number in range(1, count + 1)]


def test_every_pixel_of_any_mask_is_followed():
    for share in (0.3, 0.5, 0.7):
        for piece in pieces(RANDOM.random((24, 31)) < share):
            found = contours.rings(piece)
            assert sum(contours.area(ring) > 0 for ring in found) == 1
            assert sum(map(contours.area, found)) == piece.sum()
            assert iou(filled(outline(piece), piece), piece) >= LEAST_IOU


def test_pixels_that_touch_by_a_corner_are_followed_separately():
    mask = np.array([[1, 0], [0, 1]], np.bool_)
    assert sorted(ring.tolist() for ring in contours.rings(mask)) == [
        [[0, 0], [1, 0], [1, 1], [0, 1]],
        [[1, 1], [2, 1], [2, 2], [1, 2]],
    ]


@pytest.mark.parametrize("size", [8, 30, 90, 300])
def test_a_round_object_with_a_hole_needs_few_points(size):
    mask = disc(size, size / 2, size / 2, 0.47 * size) & ~disc(size, 0.6 * size, 0.4 * size, 0.15 * size)
    polygon = outline(mask)
    assert iou(filled(polygon, mask), mask) >= LEAST_IOU
    assert len(polygon) <= 90
    assert not filled(polygon, mask)[int(0.4 * size), int(0.6 * size)]  # the hole is none of it


def test_a_rectangle_keeps_its_four_corners():
    mask = np.zeros((40, 60), np.bool_)
    mask[5:30, 10:50] = True
    assert {tuple(point) for point in outline(mask).tolist()} == {(10, 5), (50, 5), (50, 30), (10, 30)}


def test_a_line_of_one_pixel_is_not_lost():
    mask = np.zeros((5, 30), np.bool_)
    mask[2, 3:25] = True
    np.testing.assert_array_equal(filled(outline(mask), mask), mask)


def test_holes_smaller_than_asked_are_filled():
    mask = np.ones((20, 20), np.bool_)
    mask[3:5, 3:5] = mask[9:15, 9:15] = False
    found = filled(outline(mask, 16), mask)
    assert found[3:5, 3:5].all()
    assert not found[9:15, 9:15].any()
