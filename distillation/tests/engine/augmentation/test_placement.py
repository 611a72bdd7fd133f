"""Pixels, class maps and boxes of a placed picture tell the same story."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillation.datasets.samples import IGNORED
from distillation.engine.augmentation import placement
from distillation.engine.augmentation.placement import Axis, Placement
from distillation.engine.augmentation.strength import Strength
from distillation.tests.engine.augmentation.scenes import bounds, known, noise, scene

SIZE = 48
WHOLE = Axis(0.0, 1.0, 0, SIZE)


def shown(place: Placement, picture: np.ndarray) -> np.ndarray:
    canvas = np.full_like(picture, 77)
    place.paint(picture, canvas)
    return canvas


def mapped(place: Placement, class_map: np.ndarray) -> np.ndarray:
    canvas = np.full_like(class_map, IGNORED)
    place.paint_classes(class_map, canvas)
    return canvas


@st.composite
def axes(draw: st.DrawFn) -> Axis:
    begin = draw(st.integers(0, SIZE))
    origin = draw(st.floats(-1.5 * SIZE, 1.5 * SIZE))
    return Axis(origin, draw(st.floats(0.2, 5.0)), begin, draw(st.integers(begin, SIZE)))


@st.composite
def box_lists(draw: st.DrawFn) -> list[tuple[int, int, int, int]]:
    def box() -> tuple[int, int, int, int]:
        left, top = draw(st.integers(0, SIZE - 1)), draw(st.integers(0, SIZE - 1))
        return left, top, draw(st.integers(left + 1, SIZE)), draw(st.integers(top + 1, SIZE))

    return [box() for _ in range(draw(st.integers(0, 3)))]


places = st.builds(Placement, axes(), axes(), st.booleans())


def test_the_whole_picture_in_the_whole_view_is_itself():
    sample = noise(SIZE, 0)
    assert (shown(Placement(WHOLE, WHOLE, False), sample.picture) == sample.picture).all()
    assert (shown(Placement(WHOLE, WHOLE, True), sample.picture) == sample.picture[:, :, ::-1]).all()


@given(places, box_lists())
def test_a_box_bounds_what_the_class_map_shows_of_it_within_a_pixel(place: Placement, boxes):
    for box in boxes:  # one at a time, so that none hides another
        alone = scene(SIZE, [box])
        seen = bounds(mapped(place, known(alone.class_map)), 1)
        (moved,), (kept,) = place.moved(known(alone.boxes))
        if kept and seen:
            assert np.abs(moved - seen).max() <= 1.0 + 1e-4
        if kept:
            assert seen or (moved[2:] - moved[:2]).min() <= 3


@given(places, box_lists())
def test_boxes_stay_in_their_cell_and_are_large_enough(place: Placement, boxes):
    moved, kept = place.moved(np.array(boxes, np.float32).reshape(-1, 4))
    assert moved.dtype == np.float32
    assert moved.shape == (len(boxes), 4)
    assert (moved[:, [0, 2]] >= place.x.begin).all()
    assert (moved[:, [0, 2]] <= place.x.end).all()
    assert (moved[:, [1, 3]] >= place.y.begin).all()
    assert (moved[:, [1, 3]] <= place.y.end).all()
    assert (moved[kept][:, 2:] - moved[kept][:, :2] >= 2).all()


@given(places)
def test_only_the_cell_is_painted_and_all_of_it(place: Placement):
    picture = np.full((3, SIZE, SIZE), 200, np.uint8)
    inside = np.zeros((SIZE, SIZE), bool)
    inside[place.y.begin : place.y.end, place.x.begin : place.x.end] = True
    view, classes = shown(place, picture), mapped(place, np.ones((SIZE, SIZE), np.uint8))
    assert (view[:, inside] == 200).all()
    assert (view[:, ~inside] == 77).all()
    assert (classes[~inside] == IGNORED).all()


@given(st.floats(-20, 20), st.floats(0.5, 3.0), st.booleans())
def test_pixels_move_as_boxes_do(origin: float, zoom: float, mirrored: bool):
    place = Placement(Axis(origin, zoom, 0, SIZE), Axis(0.0, 1.0, 0, SIZE), mirrored)
    sample = scene(SIZE, [(16, 8, 32, 40)])
    (moved,), (kept,) = place.moved(known(sample.boxes))
    seen = bounds((shown(place, sample.picture)[0] > 127).astype(np.uint8), 1)
    if kept and moved[0] > 1 and moved[2] < SIZE - 1:
        assert np.abs(moved - seen).max() <= 1.0


def test_a_known_window_gives_known_boxes():
    place = Placement(Axis(10.0, 2.0, 4, 44), Axis(-5.0, 0.5, 0, 48), False)
    boxes = np.array([[12, 5, 20, 15]], np.float32)
    assert place.moved(boxes)[0].tolist() == [[8.0, 5.0, 24.0, 10.0]]
    mirrored = Placement(place.x, place.y, True)
    assert mirrored.moved(boxes)[0].tolist() == [[24.0, 5.0, 40.0, 10.0]]


@pytest.mark.parametrize(
    ("box", "kept"),
    [
        ((0, 0, 20, 20), True),
        ((-18.1, 0, 1.9, 20), False),  # under two pixels a side
        ((-17, 0, 3, 20), True),  # 15 % left
        ((-37, 0, 3, 20), False),  # 7.5 % left
        ((0, -17, 20, 3), True),
        ((46, 0, 48, 20), True),
        ((60, 0, 80, 20), False),
    ],
)
def test_a_box_is_dropped_when_too_little_of_it_is_left(box, kept: bool):
    place = Placement(Axis(-100.0, 1.0, 0, SIZE), WHOLE, False)
    left, top, right, bottom = box
    assert place.moved(np.array([[left - 100, top, right - 100, bottom]], np.float32))[1].tolist() == [kept]


def test_what_the_picture_leaves_free_has_the_colour_of_its_border_and_no_class():
    sample = scene(SIZE, [(20, 20, 30, 30)], background=90)
    place = Placement(Axis(-24.0, 1.0, 0, SIZE), WHOLE, False)
    assert (shown(place, sample.picture)[:, :, :24] == 90).all()
    classes = mapped(place, known(sample.class_map))
    assert (classes[:, :24] == IGNORED).all()
    assert (classes[:, 24:] != IGNORED).all()


def test_a_pixel_has_the_class_below_its_centre():
    stripes = np.tile(np.arange(SIZE, dtype=np.uint8), (SIZE, 1))
    for origin, first in ((0.4, 0), (0.6, 1)):
        classes = mapped(Placement(Axis(origin, 1.0, 0, SIZE), WHOLE, False), stripes)
        assert classes[0, :-1].tolist() == list(range(first, first + SIZE - 1))


def test_a_class_map_has_no_classes_in_between():
    sample = scene(SIZE, [(10, 10, 40, 40), (15, 15, 30, 30), (20, 20, 25, 25)])
    classes = mapped(Placement(Axis(3.3, 1.37, 0, SIZE), Axis(-2.2, 0.81, 0, SIZE), True), known(sample.class_map))
    assert set(np.unique(classes)) == {0, 1, 2, 3, IGNORED}


@given(st.integers(0, 10_000), st.floats(1.0, 1.5), st.floats(1.0, 2.0))
def test_a_zoom_of_at_least_one_without_shift_never_leaves_the_picture(seed: int, stretch: float, top: float):
    limits = Strength(zoom=(1.0, top), stretch=stretch)
    place = placement.draw(np.random.default_rng(seed), limits, SIZE, zoom=limits.zoom, cell=(0, 0, SIZE, SIZE))
    assert place.x.covered(SIZE) == place.y.covered(SIZE) == (0, SIZE)
