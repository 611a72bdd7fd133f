"""What each optimizer step sees. The order of an epoch is a function of seed and epoch alone.

Pictures and teacher outputs that fit are held in memory, ready for use, and laid out in the epoch's order once, so
that a batch is a view; larger ones are gathered from the memory map batch by batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from distillation.contract.spec import TrainSpec
from distillation.engine import losses, randomness

IN_MEMORY_BYTES = 128 << 20
"""Float32 bytes up to which pictures (or teacher outputs) are held in memory, as they are and once more in order."""


class Batch(NamedTuple):
    """One forward pass."""

    inputs: Tensor
    """float32 ``[batch, channels, size, size]`` in [-1, 1]."""
    labels: Tensor
    """int64 ``[batch]``; IGNORED (-100) for unlabelled pictures."""
    teacher: Tensor | None
    """The teacher's softened probabilities ``[batch, classes]``."""
    labelled: int
    """Number of labelled pictures, known on the host."""


class RowStore:
    """Some rows of an array on disk, turned into float32 of the same shape by ``prepare``."""

    def __init__(
        self, source: NDArray[Any], rows: NDArray[np.int64], prepare: Callable[[Tensor], Tensor], device: str
    ) -> None:
        self._source, self._rows, self._prepare, self._device = source, rows, prepare, device
        self.count = len(rows)
        self._row_bytes = 4 * int(np.prod(source.shape[1:]))
        self._held = self._prepared(rows) if self._fits(self.count) else None

    def take(self, order: Tensor) -> Tensor:
        """The rows at positions ``order [n]``: float32 ``[n, …]``."""
        if self._held is not None:
            return self._held[order.to(self._held.device)]
        # Ascending reads from the memory map, then back into the order asked for.
        ascending, back = torch.sort(order)
        return self._prepared(self._rows[ascending.numpy()])[torch.argsort(back).to(self._device)]

    def between(self, begin: int, end: int) -> Tensor:
        """Rows ``begin:end`` in their own order."""
        return self._prepared(self._rows[begin:end]) if self._held is None else self._held[begin:end]

    def lay_out(self, order: Tensor) -> Callable[[int, int], Tensor]:
        """A function that gives rows ``begin:end`` of ``order``; as views of one tensor where that fits."""
        if self._held is None or not self._fits(len(order)):
            return lambda begin, end: self.take(order[begin:end])
        laid_out = self.take(order)
        return lambda begin, end: laid_out[begin:end]

    def _fits(self, rows: int) -> bool:
        return rows * self._row_bytes <= IN_MEMORY_BYTES

    def _prepared(self, rows: NDArray[np.int64]) -> Tensor:
        return self._prepare(torch.from_numpy(self._source[rows]).to(self._device))


class Feed:
    """Cuts a sequence of samples into batches, and batches into optimizer steps.

    ``labels [n]`` and ``teacher`` (softened probabilities, or None) belong to ``pictures``, position by position.
    With ``stream`` the samples never end: permutation follows permutation, every batch is full (the control arm).
    """

    def __init__(
        self,
        pictures: RowStore,
        labels: Tensor,
        teacher: RowStore | None,
        train: TrainSpec,
        *,
        stream_steps: int | None = None,
    ) -> None:
        self._pictures, self._labels, self._teacher, self._train = pictures, labels, teacher, train
        self._stream = stream_steps is not None
        batches = stream_steps * train.grad_accum_steps if stream_steps else 0
        self._borders = (
            [(i * train.batch_size, (i + 1) * train.batch_size) for i in range(batches)]
            if self._stream
            else batch_borders(pictures.count, train.batch_size)
        )
        self.steps_per_epoch = -(-len(self._borders) // train.grad_accum_steps)
        self.samples_per_epoch = self._borders[-1][1]
        self._epoch = -1

    def open_epoch(self, epoch: int) -> None:
        """Fix the order of epoch ``epoch`` (from 0)."""
        if self._epoch == epoch:
            return
        self._epoch = epoch
        order = self._stream_order(epoch) if self._stream else self._permutation(epoch)
        self._ordered_labels = self._labels[order.to(self._labels.device)]
        labelled = (self._ordered_labels != losses.IGNORED).cumsum(0).tolist()
        self._labelled = [labelled[end - 1] - (labelled[begin - 1] if begin else 0) for begin, end in self._borders]
        self._inputs = self._pictures.lay_out(order)
        self._targets = None if self._teacher is None else self._teacher.lay_out(order)

    def step(self, step: int) -> list[Batch]:
        """The batches of optimizer step ``step`` (from 0) of the open epoch; a trailing group may be smaller."""
        group = self._train.grad_accum_steps
        return [self._batch(index) for index in range(step * group, min((step + 1) * group, len(self._borders)))]

    def _batch(self, index: int) -> Batch:
        begin, end = self._borders[index]
        targets = None if self._targets is None else self._targets(begin, end)
        return Batch(self._inputs(begin, end), self._ordered_labels[begin:end], targets, self._labelled[index])

    def _permutation(self, epoch: int) -> Tensor:
        return randomness.permutation(self._pictures.count, "order", self._train.seed, epoch)

    def _stream_order(self, epoch: int) -> Tensor:
        """Positions ``epoch·n … (epoch+1)·n`` of the endless stream of permutations."""
        begin = epoch * self.samples_per_epoch
        end = begin + self.samples_per_epoch
        first, last = begin // self._pictures.count, (end - 1) // self._pictures.count
        stream = torch.cat([self._permutation(number) for number in range(first, last + 1)])
        return stream[begin - first * self._pictures.count : end - first * self._pictures.count]


def batch_borders(count: int, size: int) -> list[tuple[int, int]]:
    """Cut ``count`` samples into batches of ``size``; a last batch of one joins the batch before it.

    Batch normalisation has no variance for a single sample.
    """
    borders = [(begin, min(begin + size, count)) for begin in range(0, count, size)]
    if len(borders) > 1 and size > 1 and borders[-1][1] - borders[-1][0] == 1:
        (begin, _), (_, end) = borders[-2:]
        borders[-2:] = [(begin, end)]
    return borders
