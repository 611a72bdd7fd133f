"""What each optimizer step sees, where every sample is seen as it is: without augmentation.

Inputs and teacher outputs that fit are held in memory, ready for use, and laid out in the epoch's order once, so
that a batch is a view; larger ones are gathered from the memory map batch by batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from distillation.engine import losses
from distillation.engine.ordering import Ordering

IN_MEMORY_BYTES = 128 << 20
"""Float32 bytes up to which pictures (or teacher outputs) are held in memory, as they are and once more in order."""


class Batch(NamedTuple):
    """One forward pass; what labels and teacher are depends on the kind of task."""

    inputs: Tensor
    """float32 ``[batch, channels, size, size]`` in [-1, 1], or ``[batch, length, features]`` for sequences."""
    labels: Any
    """int64 ``[batch]``, IGNORED (-100) for unlabelled samples; for dense tasks what their objective reads."""
    teacher: Any
    """What the objective compares the student with, by name, or None: softened probabilities ``[batch, classes]``, …"""
    labelled: int
    """Number of labelled samples, known on the host."""


class Feed(Protocol):
    """Gives each optimizer step its batches."""

    steps_per_epoch: int
    samples_per_epoch: int

    def open_epoch(self, epoch: int) -> None:
        """Fix the order of epoch ``epoch`` (from 0)."""

    def step(self, step: int) -> list[Batch]:
        """The batches of optimizer step ``step`` (from 0) of the open epoch."""

    def close(self) -> None:
        """End what makes batches ahead."""


class Ordered(Protocol):
    """What belongs to samples, and can be had in the order of an epoch."""

    def lay_out(self, order: Tensor) -> Callable[[int, int], Any]:
        """A function that gives what belongs to ``begin:end`` of ``order``."""


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


class PlainFeed:
    """Batches of samples as they are.

    ``labels [n]`` and ``teacher`` (kept answers or a live teacher's pictures, by name) belong to ``inputs``.
    """

    def __init__(
        self, inputs: RowStore, labels: Tensor, teacher: Mapping[str, Ordered] | None, ordering: Ordering
    ) -> None:
        self._inputs, self._labels, self._teacher, self._ordering = inputs, labels, teacher, ordering
        self.steps_per_epoch, self.samples_per_epoch = ordering.steps_per_epoch, ordering.samples_per_epoch
        self._epoch = -1

    def open_epoch(self, epoch: int) -> None:
        """Fix the order of epoch ``epoch`` (from 0)."""
        if self._epoch == epoch:
            return
        self._epoch = epoch
        order = self._ordering.positions(epoch)
        self._ordered_labels = self._labels[order.to(self._labels.device)]
        labelled = (self._ordered_labels != losses.IGNORED).cumsum(0).tolist()
        shares = self._ordering.shares
        self._labelled = [labelled[end - 1] - (labelled[begin - 1] if begin else 0) for begin, end in shares]
        self._laid_out = self._inputs.lay_out(order)
        self._targets = None
        if self._teacher is not None:
            self._targets = {name: store.lay_out(order) for name, store in self._teacher.items()}

    def step(self, step: int) -> list[Batch]:
        """The batches of optimizer step ``step`` (from 0) of the open epoch; a trailing group may be smaller."""
        return [self._batch(index) for index in self._ordering.batches(step)]

    def close(self) -> None:
        """Nothing is made ahead."""

    def _batch(self, index: int) -> Batch:
        begin, end = self._ordering.shares[index]
        targets = None
        if self._targets is not None:
            targets = {name: between(begin, end) for name, between in self._targets.items()}
        return Batch(self._laid_out(begin, end), self._ordered_labels[begin:end], targets, self._labelled[index])
