"""Pictures, maps and boxes into the square and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distillation.engine.detection.letterbox import BORDER, Letterbox, fitted

SIDES = st.integers(1, 3000)


@settings(max_examples=200, deadline=None)
@given(width=SIDES, height=SIDES, size=st.sampled_from([32, 320, 640]), seed=st.integers(0, 99))
def test_boxes_come_back_as_they_went(width: int, height: int, size: int, seed: int):
    corners = np.random.default_rng(seed).random((5, 2, 2)) * [width, height]
    boxes = np.concatenate((corners.min(axis=1), corners.max(axis=1)), axis=1).astype(np.float32)
    place = Letterbox(width, height, size)
    inside = place.into(boxes)
    assert (inside >= -1e-3).all()
    assert (inside <= size + 1e-3).all()
    np.testing.assert_allclose(place.out_of(inside), boxes, atol=3e-3 * max(1, max(width, height) / size))


def test_boxes_that_reach_beyond_the_picture_are_cut():
    place = Letterbox(200, 100, 64)
    assert place.out_of(np.array([[-5, 0, 70, 64]], np.float32)).tolist() == [[0, 0, 200, 100]]


@pytest.mark.parametrize(("width", "height"), [(90, 30), (30, 90), (64, 64), (500, 3)])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_box_drawn_in_the_picture_lies_where_its_box_is_in_the_square(width: int, height: int, channels: int):
    pixels = np.zeros((height, width, channels), np.uint8)
    left, top, right, bottom = width // 3, height // 3, width - width // 4, height
    pixels[top:bottom, left:right] = 255
    square = fitted(pixels, 64)
    assert square.shape == (64, 64, channels)
    box = Letterbox(width, height, 64).into(np.array([[left, top, right, bottom]], np.float32))[0]
    rows, columns = np.nonzero(square[..., 0] > 127)
    found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose(found, box, atol=1.0)


def test_what_the_picture_leaves_free_is_grey():
    square = fitted(np.zeros((10, 40, 3), np.uint8), 32)
    assert (square[:12] == BORDER).all()
    assert (square[20:] == BORDER).all()
    assert (square[12:20] == 0).all()
