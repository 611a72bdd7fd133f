"""Batches of augmented views, made by threads ahead of the step that needs them.

Which view of which sample stands where is a function of (seed, epoch, position), never of a thread: a resumed run sees
the same pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import astuple
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from distillation.engine import students
from distillation.engine.augmentation.labelled import Labelled
from distillation.engine.augmentation.strength import Strength
from distillation.engine.augmentation.views import view
from distillation.engine.batches import Batch
from distillation.engine.ordering import Ordering

AHEAD = 3
"""Batches that are made before they are asked for."""

Collate = Callable[[Sequence[Labelled], NDArray[np.int64]], tuple[Any, int]]
"""From the views of a batch and their rows to what the objective reads, and the number of labelled samples."""
Answers = Callable[[NDArray[np.int64], int], Any]
"""What the teacher says of the views of a number at some positions."""


class Views:
    """Augmented views of the rows of a pack."""

    def __init__(
        self,
        fetch: Callable[[int], Labelled],
        groups: Sequence[NDArray[np.int64]],
        seed: int,
        count: int,
        strength: Strength,
    ) -> None:
        """``fetch`` gives a row's clean sample; ``count`` views of each come back in turn, 0 = a new one every epoch.

        A picture is combined with others of its group alone: a mosaic of labelled and unlabelled pictures would call
        the objects of the unlabelled ones background.
        """
        self._fetch, self._seed, self.count, self._strength = fetch, seed, count, strength
        self.rows: NDArray[np.int64] = np.concatenate(groups)
        """Every row by its position."""
        ends = np.cumsum([len(group) for group in groups])
        self._ends, self._partners = ends, np.split(np.arange(len(self.rows)), ends[:-1])

    @property
    def identity(self) -> str:
        """What tells these views of the same rows from others."""
        return f"{self._seed}/{self.count}/{astuple(self._strength)}"

    def number(self, epoch: int) -> int:
        """The number of the views that epoch ``epoch`` sees."""
        return epoch % self.count if self.count else epoch

    def make(self, position: int, number: int, out: NDArray[np.uint8]) -> Labelled:
        """View ``number`` of the row at ``position``, its picture in ``out``."""
        group = int(np.searchsorted(self._ends, position, side="right"))
        return view(
            lambda other: self._fetch(int(self.rows[other])),
            len(self.rows),
            position,
            seed=self._seed,
            number=number,
            strength=self._strength,
            partners=self._partners[group],
            out=out,
        )


class ViewFeed:
    """Gives each optimizer step its batches of views."""

    def __init__(
        self,
        views: Views,
        ordering: Ordering,
        collate: Collate,
        answers: Answers | None,
        *,
        shape: tuple[int, int, int],
        device: str,
        threads: int,
    ) -> None:
        """``shape`` is that of one picture: channels, height, width."""
        self._views, self._ordering, self._collate, self._answers = views, ordering, collate, answers
        self._shape, self._device = shape, device
        self.steps_per_epoch, self.samples_per_epoch = ordering.steps_per_epoch, ordering.samples_per_epoch
        self._makers = ThreadPoolExecutor(threads, thread_name_prefix="views")
        self._ahead = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self._epoch = -1
        self._made: dict[int, Future[Batch]] = {}

    def open_epoch(self, epoch: int) -> None:
        """Fix the order of epoch ``epoch`` (from 0)."""
        if self._epoch == epoch:
            return
        self._drop()
        self._epoch = epoch
        self._order = self._ordering.positions(epoch).numpy()

    def step(self, step: int) -> list[Batch]:
        """The batches of optimizer step ``step`` (from 0) of the open epoch."""
        return [self._batch(index) for index in self._ordering.batches(step)]

    def close(self) -> None:
        """End the threads."""
        self._drop()
        self._ahead.shutdown()
        self._makers.shutdown()

    def _batch(self, index: int) -> Batch:
        if index not in self._made:  # the first of an attempt or an epoch
            self._drop()
        for later in range(index, min(index + 1 + AHEAD, len(self._ordering.borders))):
            if later not in self._made:
                self._made[later] = self._ahead.submit(self._make, later)
        batch = self._made.pop(index).result()
        return Batch(students.normalise(batch.inputs.to(self._device)), *batch[1:])

    def _make(self, index: int) -> Batch:
        """Runs in a thread; the pictures stay ``uint8`` until they are needed."""
        begin, end = self._ordering.shares[index]
        positions, number = self._order[begin:end], self._views.number(self._epoch)
        pictures = np.empty((end - begin, *self._shape), np.uint8)
        made = list(
            self._makers.map(
                lambda place: self._views.make(int(positions[place]), number, pictures[place]), range(end - begin)
            )
        )
        labels, labelled = self._collate(made, self._views.rows[positions])
        answers = None if self._answers is None else self._answers(positions, number)
        return Batch(torch.from_numpy(pictures), labels, answers, labelled)

    def _drop(self) -> None:
        for future in self._made.values():
            future.cancel()
        for future in self._made.values():
            if not future.cancelled():
                future.exception()
        self._made.clear()
