"""A view is a function of (seed, row, number), as large as the sample, and marked as far as anybody knows."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distillation.datasets.samples import IGNORED
from distillation.engine.augmentation.labelled import DrawnMap, Guesses, Labelled, all_guesses
from distillation.engine.augmentation.strength import CLEAN, NAMES, Strength, strength
from distillation.engine.augmentation.views import batch_views, view
from distillation.tests.engine.augmentation.scenes import known, noise, scene

SIZE, COUNT = 32, 7
MOSAIC = replace(strength("standard", "detection"), mosaic=1.0)
MIXUP = Strength(mixup=1.0)


def fetch(position: int) -> Labelled:
    boxes = [(4, 4, 16, 14), (10, 12, 28, 30)][: position % 3]
    sample = scene(SIZE, boxes, background=20 * position)
    return replace(sample, class_map=None)


def classified(position: int) -> Labelled:
    return noise(SIZE, position)


def segmented(position: int) -> Labelled:
    sample = scene(SIZE, [(4, 4, 16, 14), (10, 12, 28, 30)])
    return replace(sample, boxes=None, labels=None)


FETCHES: dict[str, Callable[[int], Labelled]] = {
    "classification": classified,
    "detection": fetch,
    "segmentation": segmented,
}


def seen(row: int = 0, number: int = 0, seed: int = 0, strength: Strength = MOSAIC) -> Labelled:
    return view(fetch, COUNT, row, seed=seed, number=number, strength=strength)


def same(one: Labelled, other: Labelled) -> bool:
    def equal(left, right) -> bool:
        return left is None if right is None else np.array_equal(left, right)

    parts = ("picture", "boxes", "labels", "class_map")
    return one.mixed == other.mixed and all(equal(getattr(one, part), getattr(other, part)) for part in parts)


@pytest.mark.parametrize("task_type", FETCHES)
@pytest.mark.parametrize("name", NAMES)
def test_the_same_view_twice_has_the_same_bytes(task_type: str, name: str):
    chosen = strength(name, task_type)
    one, other = (view(FETCHES[task_type], COUNT, 2, seed=5, number=3, strength=chosen) for _ in range(2))
    assert same(one, other)


def test_neighbours_in_seed_row_and_number_differ():
    flat = [
        view(lambda _: noise(SIZE, 0), COUNT, row, seed=seed, number=number, strength=strength("light", "detection"))
        for row, seed, number in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (0, 1, 1), (1, 0, 1)]
    ]
    assert len({each.picture.tobytes() for each in flat}) == 7


def test_a_clean_view_is_the_sample():
    sample = fetch(2)
    assert view(lambda _: sample, 1, 0, seed=0, number=0, strength=CLEAN) is sample
    out = np.zeros_like(sample.picture)
    copied = view(lambda _: sample, 1, 0, seed=0, number=0, strength=CLEAN, out=out)
    assert copied.picture is out
    assert same(copied, sample)


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(FETCHES)),
    st.sampled_from(NAMES),
    st.integers(0, COUNT - 1),
    st.integers(0, 2**63),
    st.integers(0, 99),
)
def test_every_view_is_as_large_as_the_sample_and_in_bounds(
    task_type: str, name: str, row: int, seed: int, number: int
):
    clean = FETCHES[task_type](row)
    got = view(FETCHES[task_type], COUNT, row, seed=seed, number=number, strength=strength(name, task_type))
    assert (got.picture.shape, got.picture.dtype) == (clean.picture.shape, np.uint8)
    assert (got.boxes is None) == (clean.boxes is None)
    assert (got.class_map is None) == (clean.class_map is None)
    if got.boxes is not None:
        assert (got.boxes.dtype, got.labels.dtype) == (np.float32, np.int64)
        assert got.boxes.shape == (len(known(got.labels)), 4)
        assert (got.boxes >= 0).all()
        assert (got.boxes <= SIZE).all()
        assert (got.boxes[:, 2:] > got.boxes[:, :2]).all()
    if got.class_map is not None:
        assert got.class_map.dtype == np.uint8
        assert set(np.unique(got.class_map)) <= {0, 1, 2, IGNORED}


@pytest.mark.parametrize("size", [1, 2, 3, 8])
@pytest.mark.parametrize("channels", [1, 3])
def test_tiny_pictures_have_views_too(size: int, channels: int):
    wild = replace(strength("strong", "detection"), mosaic=1.0, mixup=1.0)
    for number in range(20):
        got = view(lambda at: noise(size, at, channels=channels), 3, 0, seed=0, number=number, strength=wild)
        assert got.picture.shape == (channels, size, size)


def test_a_sample_alone_is_its_own_partner():
    got = view(fetch, 1, 0, seed=0, number=0, strength=replace(MOSAIC, mixup=1.0))
    assert got.mixed[0] == 0
    assert got.boxes.shape == (0, 4)


def test_pictures_without_objects_have_empty_boxes_not_none():
    got = seen(0, strength=strength("light", "detection"))
    assert got.boxes.shape == (0, 4)
    assert got.labels.shape == (0,)


def test_a_mosaic_shows_four_pictures_in_four_cells():
    asked: list[int] = []

    def noted(position: int) -> Labelled:
        asked.append(position)
        return Labelled(np.full((3, SIZE, SIZE), 60 * len(asked), np.uint8))

    got = view(noted, COUNT, 5, seed=0, number=1, strength=Strength(mosaic=1.0))
    assert asked[0] == 5
    assert len(asked) == 4
    assert set(np.unique(got.picture)) == {60, 120, 180, 240}
    corners = got.picture[0, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert len(set(corners.tolist())) == 4


def test_boxes_of_a_mosaic_lie_on_their_objects():
    for number in range(30):
        got = view(lambda _: scene(SIZE, [(8, 8, 24, 24)]), 4, 0, seed=1, number=number, strength=Strength(mosaic=1.0))
        objects = got.picture[0] > 127
        covered = np.zeros_like(objects)
        for left, top, right, bottom in np.rint(known(got.boxes)).astype(int):
            assert objects[top:bottom, left:right].mean() > 0.7
            covered[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2] = True
        assert (objects & ~covered).sum() <= 2 * SIZE  # slivers whose boxes were dropped
        assert len(known(got.boxes)) >= 1


def test_partners_are_drawn_from_those_allowed():
    asked: set[int] = set()

    def noted(position: int) -> Labelled:
        asked.add(position)
        return fetch(position)

    both = replace(MOSAIC, mixup=1.0)
    for number in range(20):
        view(noted, COUNT, 0, seed=0, number=number, strength=both, partners=np.array([3, 6]))
    assert asked == {0, 3, 6}
    asked.clear()
    for number in range(60):
        view(noted, COUNT, 0, seed=0, number=number, strength=both)
    assert asked == set(range(COUNT))


@pytest.mark.parametrize("chosen", [MOSAIC, MIXUP])
def test_joined_with_an_unmarked_picture_nobody_knows_the_boxes(chosen: Strength):
    def half(position: int) -> Labelled:
        return fetch(2) if position == 0 else replace(fetch(2), boxes=None, labels=None)

    got = view(half, 2, 0, seed=0, number=0, strength=chosen, partners=[1])
    assert got.boxes is None
    assert got.labels is None


def test_a_mosaic_ignores_the_pixels_of_pictures_without_a_class_map():
    def half(position: int) -> Labelled:
        return Labelled(
            np.zeros((3, SIZE, SIZE), np.uint8), class_map=np.ones((SIZE, SIZE), np.uint8) if position else None
        )

    got = view(half, 2, 0, seed=0, number=0, strength=Strength(mosaic=1.0, mosaic_zoom=(1.0, 1.0)), partners=[1])
    assert set(np.unique(known(got.class_map))) == {1, IGNORED}
    rows, columns = np.nonzero(known(got.class_map) == IGNORED)
    assert len(rows) == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)  # one rectangle


def test_mixup_blends_by_the_weight_that_it_reports():
    for number in range(20):
        got = view(classified, COUNT, 1, seed=0, number=number, strength=replace(MIXUP, mixup_alpha=1.0))
        assert got.mixed is not None
        position, weight = got.mixed
        own, other = classified(1).picture.astype(float), classified(position).picture.astype(float)
        assert 0 <= weight <= 0.5
        assert np.abs(got.picture - ((1 - weight) * own + weight * other)).max() <= 0.51


def test_mixup_joins_the_boxes_of_both():
    got = view(fetch, COUNT, 2, seed=0, number=0, strength=MIXUP, partners=[5])
    assert got.labels.tolist() == [0, 1, 0, 1]
    assert got.boxes.tolist() == [*fetch(2).boxes.tolist(), *fetch(5).boxes.tolist()]


def test_class_maps_cannot_be_mixed():
    with pytest.raises(ValueError, match="not for segmentation"):
        view(segmented, COUNT, 0, seed=0, number=0, strength=MIXUP)


def test_flip_mirrors_about_half_of_the_views_and_can_be_switched_off():
    sample = noise(SIZE, 0)

    def mirrored(flip: float) -> int:
        views = (
            view(lambda _: sample, 1, 0, seed=0, number=number, strength=Strength(flip=flip)) for number in range(200)
        )
        return sum(np.array_equal(each.picture, sample.picture[:, :, ::-1]) for each in views)

    assert 70 <= mirrored(0.5) <= 130
    assert mirrored(0.0) == 0


def test_the_clean_samples_are_left_as_they_were():
    samples = [fetch(position) for position in range(COUNT)]
    for sample in samples:
        sample.picture.setflags(write=False)
        sample.boxes.setflags(write=False)
    for number in range(10):
        view(lambda at: samples[at], COUNT, 2, seed=0, number=number, strength=replace(MOSAIC, mixup=1.0))


def test_pictures_that_are_views_of_another_layout_are_read_right():
    interleaved = np.ascontiguousarray(noise(SIZE, 0).picture.transpose(1, 2, 0))
    chosen = strength("standard", "classification")
    one = view(lambda _: Labelled(interleaved.transpose(2, 0, 1)), 1, 0, seed=0, number=0, strength=chosen)
    other = view(lambda _: noise(SIZE, 0), 1, 0, seed=0, number=0, strength=chosen)
    assert same(one, other)


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("name", ["none", "strong"])
def test_a_batch_is_its_views_in_order_whatever_the_threads(threads: int, name: str):
    rows, chosen = np.array([4, 0, 6, 4, 2, 1, 5, 3]), strength(name, "detection")
    out = np.zeros((8, 3, SIZE, SIZE), np.uint8)
    with ThreadPoolExecutor(threads) as pool:
        batch = batch_views(fetch, COUNT, rows, seed=3, number=2, strength=chosen, out=out, pool=pool)
    for index, row in enumerate(rows):
        assert same(batch[index], seen(int(row), number=2, seed=3, strength=chosen))
        assert np.shares_memory(batch[index].picture, out[index])


def test_a_batch_of_another_length_is_refused():
    out = np.zeros((2, 3, SIZE, SIZE), np.uint8)
    with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="2 pictures, there are 3 rows"):
        batch_views(fetch, COUNT, [0, 1, 2], seed=0, number=0, strength=CLEAN, out=out, pool=pool)


def test_what_fetching_raises_is_raised():
    def broken(position: int) -> Labelled:
        raise OSError(f"row {position} is gone")

    out = np.zeros((1, 3, SIZE, SIZE), np.uint8)
    with ThreadPoolExecutor(1) as pool, pytest.raises(OSError, match="row 4 is gone"):
        batch_views(broken, COUNT, [4], seed=0, number=0, strength=CLEAN, out=out, pool=pool)


@pytest.mark.parametrize("chosen", [CLEAN, MOSAIC, MIXUP])
def test_what_a_teacher_found_moves_as_what_is_marked(chosen: Strength):
    def guessed(position: int) -> Labelled:
        sample = fetch(position)
        boxes, labels = known(sample.boxes), known(sample.labels)
        return replace(sample, guesses=Guesses(boxes, labels, np.full(len(labels), position / 10, np.float32)))

    for row in range(COUNT):
        made = view(guessed, COUNT, row, seed=0, number=1, strength=chosen)
        assert made.guesses is not None
        np.testing.assert_array_equal(made.guesses.boxes, known(made.boxes))
        np.testing.assert_array_equal(made.guesses.labels, known(made.labels))
        assert made.guesses.scores.shape == made.guesses.labels.shape


def test_guesses_need_no_marked_boxes_but_a_look_at_every_picture_of_a_view():
    zeros = np.zeros((1, 4), np.float32)
    one = replace(noise(SIZE, 0), guesses=Guesses(zeros, np.zeros(1, np.int64), zeros[:, 0]))
    assert all_guesses([one, noise(SIZE, 1)]) is None
    both = all_guesses([one, one])
    assert both is not None
    assert len(both.scores) == 2


@pytest.mark.parametrize("number", range(4))
def test_what_a_teacher_drew_moves_with_the_class_map(number: int):
    """Of every pixel of the view the drawn class is that of the map, and its logit comes from the same place."""

    def drawn(position: int) -> Labelled:
        generator = np.random.default_rng(position)
        class_map = generator.integers(0, 5, (32, 32)).astype(np.uint8)
        picture = generator.integers(0, 256, (3, 32, 32)).astype(np.uint8)
        return Labelled(picture, class_map=class_map, drawn=DrawnMap(class_map, class_map.astype(np.float32) - 2.5))

    wild = replace(strength("strong", "segmentation"), mosaic=0.5)
    got = view(drawn, 8, 1, seed=3, number=number, strength=wild)
    assert got.drawn is not None
    np.testing.assert_array_equal(got.drawn.classes, got.class_map)
    expected = np.where(got.class_map == IGNORED, 0.0, got.class_map.astype(np.float32) - 2.5)
    np.testing.assert_array_equal(got.drawn.logits, expected)
    assert (got.class_map != drawn(1).class_map).any()
    hard = got.drawn.hard()
    assert set(np.unique(hard)) <= {0, 3, 4, IGNORED}
