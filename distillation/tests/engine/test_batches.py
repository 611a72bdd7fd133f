"""What a step sees is a function of seed and epoch, in memory or from the map alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from distillation.contract.batches import batch_borders
from distillation.contract.spec import TrainSpec
from distillation.engine import batches, losses, students
from distillation.engine.batches import PlainFeed, RowStore
from distillation.engine.ordering import Ordering

TRAIN = TrainSpec(2, 4, 1e-3, "adamw", "cosine", 0.0, 1, 0.0, 7)


def numbered(count: int) -> RowStore:
    """Row i holds the number i."""
    source = np.arange(count, dtype=np.uint8).reshape(count, 1, 1, 1)
    return RowStore(source, np.arange(count), lambda rows: rows.float(), "cpu")


def seen(feed: PlainFeed, epoch: int) -> list[list[int]]:
    feed.open_epoch(epoch)
    return [
        [int(value) for value in batch.inputs.flatten()]
        for step in range(feed.steps_per_epoch)
        for batch in feed.step(step)
    ]


def feed_of(count: int, train: TrainSpec = TRAIN, **options: int) -> PlainFeed:
    return PlainFeed(numbered(count), torch.arange(count), None, Ordering(count, train, **options))


def test_a_last_batch_of_one_joins_the_batch_before():
    assert batch_borders(9, 4) == [(0, 4), (4, 9)]
    assert batch_borders(10, 4) == [(0, 4), (4, 8), (8, 10)]
    assert batch_borders(1, 4) == [(0, 1)]
    assert batch_borders(3, 1) == [(0, 1), (1, 2), (2, 3)]


def test_an_epoch_shows_every_picture_once_in_an_order_of_its_own():
    feed = feed_of(11)
    first, second = seen(feed, 0), seen(feed, 1)
    for shown in (first, second):
        assert sorted(value for batch in shown for value in batch) == list(range(11))
    assert first != second


def test_the_order_depends_on_seed_and_epoch_alone():
    torch.manual_seed(1)
    later = seen(feed_of(11), 5)
    torch.manual_seed(2)
    other = feed_of(11)
    seen(other, 0)
    assert seen(other, 5) == later
    assert seen(feed_of(11, replace(TRAIN, seed=8)), 5) != later


def test_labels_stay_with_their_pictures_and_labelled_ones_are_counted():
    labels = torch.tensor([0, 1, losses.IGNORED, 3, losses.IGNORED])
    feed = PlainFeed(numbered(5), labels, None, Ordering(5, TRAIN))
    feed.open_epoch(0)
    for batch in (batch for step in range(feed.steps_per_epoch) for batch in feed.step(step)):
        assert batch.labels.tolist() == [labels[int(value)] for value in batch.inputs.flatten()]
        assert batch.labelled == sum(label != losses.IGNORED for label in batch.labels.tolist())


def test_processes_take_shares_of_the_same_batches():
    labels = torch.arange(11) % 3
    labels[labels == 2] = losses.IGNORED
    train = replace(TRAIN, world_size=2)
    whole, *shares = (
        PlainFeed(numbered(11), labels, None, Ordering(11, train if rank is not None else TRAIN, rank=rank or 0))
        for rank in (None, 0, 1)
    )
    for feed in (whole, *shares):
        feed.open_epoch(2)
    parts = [[batch for step in range(feed.steps_per_epoch) for batch in feed.step(step)] for feed in shares]
    assert [len(batch.inputs) for batch in parts[0]] == [2, 3]
    for one, other in zip(*parts, strict=True):
        assert (one.labelled, other.labelled) == tuple(int((part.labels >= 0).sum()) for part in (one, other))
    together = [torch.cat([one.inputs, other.inputs]) for one, other in zip(*parts, strict=True)]
    alone = [batch.inputs for step in range(whole.steps_per_epoch) for batch in whole.step(step)]
    assert torch.cat(together).tolist() == torch.cat(alone).tolist()


def test_accumulation_groups_batches_and_leaves_a_smaller_group_at_the_end():
    feed = feed_of(20, replace(TRAIN, grad_accum_steps=2))
    feed.open_epoch(0)
    assert [len(feed.step(step)) for step in range(feed.steps_per_epoch)] == [2, 2, 1]


def test_the_control_stream_is_permutation_after_permutation_in_full_batches():
    feed = feed_of(6, stream_steps=5)
    stream = [value for epoch in range(3) for batch in seen(feed, epoch) for value in batch]
    assert len(stream) == 3 * 5 * 4
    for begin in range(0, 60, 6):
        assert sorted(stream[begin : begin + 6]) == list(range(6))


def test_pictures_from_the_map_equal_those_in_memory(monkeypatch: pytest.MonkeyPatch):
    pack = np.random.default_rng(0).integers(0, 255, (30, 3, 4, 4), dtype=np.uint8)
    rows = np.array([3, 4, 9, 11, 25])
    order = torch.tensor([4, 0, 2, 2, 1])
    held = RowStore(pack, rows, students.normalise, "cpu")
    monkeypatch.setattr(batches, "IN_MEMORY_BYTES", 0)
    mapped = RowStore(pack, rows, students.normalise, "cpu")
    assert torch.equal(held.take(order), mapped.take(order))
    assert torch.equal(held.lay_out(order)(1, 4), mapped.lay_out(order)(1, 4))
    assert torch.equal(held.between(1, 3), mapped.between(1, 3))
    expected = torch.from_numpy(pack[rows[order.numpy()]]).float() / 127.5 - 1
    torch.testing.assert_close(held.take(order), expected)
