"""What a step sees of augmented views is a function of seed, epoch and position, whoever makes them, and when."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from distillation.contract.spec import TrainSpec
from distillation.engine.augmentation.labelled import Labelled
from distillation.engine.augmentation.strength import CLEAN, Strength, strength
from distillation.engine.batches import Batch
from distillation.engine.detection import objective
from distillation.engine.ordering import Ordering
from distillation.engine.view_feed import AHEAD, ViewFeed, Views

TRAIN = TrainSpec(3, 3, 1e-3, "adamw", "cosine", 0.0, 1, 0.0, 7)
STRONG = strength("strong", "detection")
SIZE = 16
LABELLED, UNLABELLED = np.array([3, 5, 8, 9, 11]), np.array([0, 1, 2, 4])
ONLY_MOSAICS = replace(CLEAN, mosaic=1.0)


def sample(row: int) -> Labelled:
    """Noise of its own for every row, with a box where it is labelled."""
    picture = np.random.default_rng(row).integers(0, 255, (3, SIZE, SIZE)).astype(np.uint8)
    if row not in LABELLED:
        return Labelled(picture)
    return Labelled(picture, np.array([[2, 3, 12, 13]], np.float32), np.array([row % 2]))


def views_of(count: int = 2, strong: Strength = STRONG, seed: int = 7) -> Views:
    return Views(sample, [LABELLED, UNLABELLED], seed, count, strong)


def feed_of(views: Views, threads: int = 1, **changes: Any) -> ViewFeed:
    return ViewFeed(
        views,
        Ordering(len(views.rows), replace(TRAIN, **changes)),
        lambda made, _rows: objective.collate(made),
        lambda positions, number: {"asked": torch.from_numpy(positions * 10 + number)},
        shape=(3, SIZE, SIZE),
        device="cpu",
        threads=threads,
    )


def seen(feed: ViewFeed, epoch: int, first: int = 0) -> Iterator[Batch]:
    """The batches of an epoch from step ``first`` on."""
    feed.open_epoch(epoch)
    for step in range(first, feed.steps_per_epoch):
        yield from feed.step(step)


def equal(first: Batch, second: Batch) -> bool:
    return (
        torch.equal(first.inputs, second.inputs)
        and torch.equal(first.labels.objects.labels, second.labels.objects.labels)
        and torch.equal(first.labels.objects.boxes, second.labels.objects.boxes)
        and torch.equal(first.teacher["asked"], second.teacher["asked"])
        and first.labelled == second.labelled
    )


def all_equal(first: Sequence[Batch], second: Sequence[Batch]) -> bool:
    return len(first) == len(second) and all(map(equal, first, second))


@pytest.mark.parametrize("threads", [2, 5])
def test_a_batch_does_not_depend_on_the_number_of_threads(threads: int):
    with closing(feed_of(views_of())) as one, closing(feed_of(views_of(), threads)) as several:
        for epoch in (0, 1):
            assert all_equal(list(seen(one, epoch)), list(seen(several, epoch)))


def test_a_feed_that_begins_within_an_epoch_gives_what_one_from_the_start_gives():
    with closing(feed_of(views_of())) as whole, closing(feed_of(views_of())) as resumed:
        _, second = (list(seen(whole, epoch)) for epoch in (0, 1))
        assert len(second) == 3
        assert all_equal(list(seen(resumed, 1, 1)), second[1:])


def test_an_epoch_is_opened_afresh_while_batches_of_another_are_being_made():
    with closing(feed_of(views_of(0), threads=2)) as hasty, closing(feed_of(views_of(0))) as patient:
        hasty.open_epoch(0)
        hasty.step(0)
        assert all_equal(list(seen(hasty, 1, 1)), list(seen(patient, 1))[1:])


def test_seed_and_epoch_change_what_is_seen():
    with closing(feed_of(views_of())) as feed, closing(feed_of(views_of(seed=8))) as other:
        first, second = list(seen(feed, 0)), list(seen(feed, 1))
        assert not any(map(equal, first, second))
        assert not torch.equal(first[0].inputs, next(seen(other, 0)).inputs)


def test_views_come_back_in_turn_and_are_new_every_epoch_without_a_number():
    assert [views_of(3).number(epoch) for epoch in range(7)] == [0, 1, 2, 0, 1, 2, 0]
    assert [views_of(0).number(epoch) for epoch in (0, 1, 99)] == [0, 1, 99]
    made: dict[int, Any] = {}
    with closing(feed_of(views_of(2))) as feed:
        for epoch in range(4):
            for batch in seen(feed, epoch):
                for asked, picture in zip(batch.teacher["asked"].tolist(), batch.inputs, strict=True):
                    assert asked % 10 == epoch % 2
                    torch.testing.assert_close(made.setdefault(asked, picture), picture, rtol=0, atol=0)
    assert len(made) == 2 * len(views_of().rows)


def test_answers_belong_to_the_pictures_beside_them():
    with closing(feed_of(views_of(1, CLEAN))) as feed:
        for batch in seen(feed, 0):
            for asked, picture in zip(batch.teacher["asked"].tolist(), batch.inputs, strict=True):
                clean = sample(int(views_of().rows[asked // 10])).picture
                torch.testing.assert_close(picture, torch.from_numpy(clean) / 127.5 - 1)


def test_unlabelled_pictures_never_share_a_mosaic_with_labelled_ones():
    fetched: list[int] = []

    def watched(row: int) -> Labelled:
        fetched.append(row)
        return sample(row)

    views = Views(watched, [LABELLED, UNLABELLED], 7, 0, ONLY_MOSAICS)
    out = np.empty((3, SIZE, SIZE), np.uint8)
    for number in range(20):
        for position, row in enumerate(views.rows):
            fetched.clear()
            seen = views.make(position, number, out)
            assert len(fetched) == 4
            group = LABELLED if row in LABELLED else UNLABELLED
            assert set(fetched) <= set(group.tolist())
            assert (seen.boxes is None) == (row not in LABELLED)


def test_accumulation_gives_a_step_several_batches():
    with closing(feed_of(views_of(), grad_accum_steps=2)) as feed:
        feed.open_epoch(0)
        assert [len(feed.step(step)) for step in range(feed.steps_per_epoch)] == [2, 1]


def test_a_few_batches_are_made_ahead_and_no_more():
    made: list[int] = []

    def watched(row: int) -> Labelled:
        made.append(row)
        return sample(row)

    with closing(feed_of(Views(watched, [LABELLED, UNLABELLED], 7, 1, CLEAN), batch_size=1)) as feed:
        feed.open_epoch(0)
        feed.step(0)
        deadline = time.monotonic() + 10
        while len(made) < 1 + AHEAD and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05)
        assert len(made) == 1 + AHEAD


def test_what_cannot_be_made_fails_the_step_that_needs_it():
    def broken(row: int) -> Labelled:
        raise OSError(f"row {row}")

    with closing(feed_of(Views(broken, [LABELLED], 7, 1, CLEAN))) as feed:
        feed.open_epoch(0)
        with pytest.raises(OSError, match="row"):
            feed.step(0)


def test_closing_ends_the_threads():
    before = set(threading.enumerate())
    feed = feed_of(views_of(), threads=3)
    feed.open_epoch(0)
    feed.step(0)
    started = set(threading.enumerate()) - before
    assert {thread.name.split("_")[0] for thread in started} == {"views", "batches"}
    feed.close()
    assert not any(thread.is_alive() for thread in started)
