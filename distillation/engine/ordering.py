"""In which order samples are seen and how they are cut into batches: a function of seed and epoch alone."""

from __future__ import annotations

import torch
from torch import Tensor

from distillation.contract.batches import batch_borders, share
from distillation.contract.spec import TrainSpec
from distillation.engine import randomness


class Ordering:
    """Cuts ``count`` samples into batches, and batches into optimizer steps.

    With ``stream_steps`` the samples never end: permutation follows permutation, every batch is full, and an epoch has
    that many steps (the control arm). Where processes train together, each batch is the same as alone and
    ``shares`` is what process ``rank`` takes of it.
    """

    def __init__(self, count: int, train: TrainSpec, *, stream_steps: int | None = None, rank: int = 0) -> None:
        self._count, self._seed, self._group = count, train.seed, train.grad_accum_steps
        self._stream = stream_steps is not None
        batches = stream_steps * train.grad_accum_steps if stream_steps else 0
        self.borders = (
            [(i * train.batch_size, (i + 1) * train.batch_size) for i in range(batches)]
            if self._stream
            else batch_borders(count, train.batch_size, train.world_size)
        )
        """First position and the one after the last of each batch of an epoch."""
        self.shares = [share(border, rank, train.world_size) for border in self.borders]
        """The same, of what this process takes."""
        self.steps_per_epoch = -(-len(self.borders) // train.grad_accum_steps)
        self.samples_per_epoch = self.borders[-1][1]

    def positions(self, epoch: int) -> Tensor:
        """The samples of epoch ``epoch`` (from 0) in their order: int64 ``[samples_per_epoch]``."""
        if not self._stream:
            return self._permutation(epoch)
        begin = epoch * self.samples_per_epoch
        end = begin + self.samples_per_epoch
        first, last = begin // self._count, (end - 1) // self._count
        stream = torch.cat([self._permutation(number) for number in range(first, last + 1)])
        return stream[begin - first * self._count : end - first * self._count]

    def batches(self, step: int) -> range:
        """The batches of optimizer step ``step`` (from 0); a trailing group may be smaller."""
        return range(step * self._group, min((step + 1) * self._group, len(self.borders)))

    def _permutation(self, epoch: int) -> Tensor:
        return randomness.permutation(self._count, "order", self._seed, epoch)
