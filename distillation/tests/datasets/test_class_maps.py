"""Filling outlines, and run lengths in both directions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from distillation.datasets import class_maps, run_length
from distillation.datasets.samples import Objects, Sample


def ring(*points: tuple[float, float]) -> tuple[np.ndarray, ...]:
    return (np.array(points, dtype=np.float32),)


def test_a_rectangle_of_whole_pixels_fills_exactly_those():
    filled = class_maps.shape_mask(ring((2, 1), (7, 1), (7, 4), (2, 4)), (10, 6))
    expected = np.zeros((6, 10), dtype=bool)
    expected[1:4, 2:7] = True
    np.testing.assert_array_equal(filled, expected)


@given(
    st.lists(st.tuples(st.floats(-5, 25, width=32), st.floats(-5, 25, width=32)), min_size=3, max_size=8),
)
def test_a_pixel_is_inside_when_a_ray_from_its_centre_crosses_the_outline_an_odd_number_of_times(points):
    filled = class_maps.shape_mask(ring(*points), (20, 15))
    for y in range(15):
        for x in range(0, 20, 3):
            crossings = []
            for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1], strict=True):
                if min(y1, y2) <= y + 0.5 < max(y1, y2):
                    crossings.append(x1 + (y + 0.5 - y1) / (y2 - y1) * (x2 - x1))
            if all(abs(at - x - 0.5) > 1e-6 for at in crossings):
                assert filled[y, x] == (sum(at > x + 0.5 for at in crossings) % 2 == 1), (x, y)


@given(arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12))))
def test_run_lengths_give_the_mask_back(mask):
    runs = run_length.encode(mask)
    np.testing.assert_array_equal(run_length.decode(runs), mask)
    read = run_length.from_json({"size": list(mask.shape), "counts": runs.counts.tolist()})
    assert read is not None
    np.testing.assert_array_equal(run_length.decode(read), mask)
    left, top, right, bottom = run_length.box(runs)
    assert mask.sum() == mask[int(top) : int(bottom), int(left) : int(right)].sum()


def test_run_lengths_go_down_the_columns():
    read = run_length.from_json({"size": [2, 3], "counts": [1, 2, 3]})
    assert read is not None
    np.testing.assert_array_equal(run_length.decode(read), [[False, True, False], [True, False, False]])


@given(st.text(max_size=30))
def test_any_text_is_a_mask_or_none(text: str):
    read = run_length.from_json({"size": [4, 5], "counts": text})
    assert read is None or run_length.decode(read).shape == (4, 5)


def test_the_smaller_object_is_in_front_whatever_its_place_in_the_list():
    large, small = ring((0, 0), (8, 0), (8, 8), (0, 8)), ring((2, 2), (4, 2), (4, 4), (2, 4))
    boxes = np.zeros((2, 4), dtype=np.float32)
    for shapes, labels in (((large, small), (1, 2)), ((small, large), (2, 1))):
        drawn = class_maps.draw(Objects(np.array(labels), boxes, shapes), (10, 10))
        assert drawn[3, 3] == 2
        assert drawn[0, 0] == 1
        assert drawn[9, 9] == 0


def test_what_is_neither_objects_nor_a_map_is_a_mistake_of_the_program():
    with pytest.raises(TypeError):
        class_maps.class_map(Path(), Sample("a.png", 1, 1, None), (1, 1), 2)
