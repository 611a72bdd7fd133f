"""What one process of those that train together does beside its own step; and the one that trains alone.

A step's gradient is that of the whole batch: gradients are averaged over the processes, so each weighs its terms by
its part of what the batch's terms are divided by (labelled samples, assigned anchors, …).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, NamedTuple, Protocol

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.engine import losses, objective
from distillation.engine.batches import Batch
from distillation.engine.objective import WHOLE, Forward, Objective, Parts, Terms
from distillation.engine.stopping import Stopped, StopRequest
from distillation.engine.tally import Sums

Judge = Callable[[Batch], Terms]
GO_ON, OVER, STOP = 0, 1, 2
"""What the leader tells the others after an epoch."""


class Weighed(NamedTuple):
    """What a batch is to all processes together."""

    parts: Parts
    sums: Sums | None
    """Of the whole batch; None where this process has all of it."""


class Team(Protocol):
    """The processes that train an arm, as one of them sees it."""

    @property
    def leads(self) -> bool:
        """Whether this is the process that validates, writes and reports."""

    def judge(self, parts: nn.ModuleDict, goal: Objective, forward: Forward, step: int) -> Judge:
        """The terms of a batch by the model and what learns beside it; all must be about to take the same ``step``."""

    def begin(self, seed: int, step: int) -> None:
        """Before each optimizer step."""

    def batch(self, *, last: bool) -> AbstractContextManager[Any]:
        """Around a batch's forward and backward pass; gradients are averaged in the ``last`` of a step."""

    def require_teaching(self, terms: Terms, model: nn.Module) -> None:
        """Prove on the first batch that the teacher moves the student. Raises Refused, in all or in none."""

    def weigh(self, terms: Terms, batch: Batch, stop: StopRequest) -> Weighed:
        """Between a batch's forward and backward pass. Hot: once a batch."""

    def check(self, stop: StopRequest) -> None:
        """After each step. Raises Stopped, in all or in none."""

    def tell(self, word: int) -> None:
        """The leader, after an epoch."""

    def hear(self) -> bool:
        """The others, after an epoch: whether it was the last one. Raises Stopped."""


class Alone:
    """The usual case: one process."""

    leads = True

    def judge(self, _parts: nn.ModuleDict, goal: Objective, forward: Forward, _step: int) -> Judge:
        """The objective itself."""
        return partial(goal.terms, forward)

    def begin(self, seed: int, step: int) -> None:
        """The generators go on from the step before."""

    def batch(self, *, last: bool) -> AbstractContextManager[Any]:
        """Nothing."""
        return nullcontext()

    def require_teaching(self, terms: Terms, model: nn.Module) -> None:
        """Of this process."""
        objective.require_teaching(terms, model)

    def weigh(self, _terms: Terms, _batch: Batch, _stop: StopRequest) -> Weighed:
        """All of it."""
        return _ALL

    def check(self, stop: StopRequest) -> None:
        """As asked."""
        stop.check()

    def tell(self, word: int) -> None:
        """To nobody."""

    def hear(self) -> bool:
        """Never asked: it leads."""
        raise NotImplementedError


_ALL = Weighed(WHOLE, None)
ALONE = Alone()


class Together:
    """One of several processes; ``torch.distributed`` has been set up."""

    def __init__(self, rank: int, size: int, device: str) -> None:
        self._rank, self._size, self._device = rank, size, device
        self.leads = rank == 0
        self._wrapped: DistributedDataParallel | None = None
        self._stopping = False

    def judge(self, parts: nn.ModuleDict, goal: Objective, forward: Forward, step: int) -> Judge:
        """Everybody begins with the leader's weights."""
        self._meet(step)
        wrapped = DistributedDataParallel(_Judged(parts, goal, forward))
        self._wrapped = wrapped
        return wrapped

    def begin(self, seed: int, step: int) -> None:
        """Draw as a function of (seed, process, step): no process keeps the states of the others' generators."""
        key = hashlib.sha256(f"{seed}/{self._rank}/{step}".encode()).digest()
        torch.manual_seed(int.from_bytes(key[:8], "big") >> 1)

    def batch(self, *, last: bool) -> AbstractContextManager[Any]:
        """Gathered gradients are averaged once a step."""
        assert self._wrapped is not None  # noqa: S101 - judge comes first
        context: AbstractContextManager[Any] = nullcontext() if last else self._wrapped.no_sync()
        return context

    def require_teaching(self, terms: Terms, model: nn.Module) -> None:
        """Of every process; who finds that its share teaches nothing ends all. Raises Refused."""
        refusal: Refused | None = None
        try:
            objective.require_teaching(terms, model)
        except Refused as refused:
            refusal = refused
        every: list[dict[str, Any] | None] = [None] * self._size
        dist.all_gather_object(every, None if refusal is None else refusal.sentence.as_json())
        for rank, problem in enumerate(every):
            if problem is not None:
                raise Refused(
                    Sentence(
                        gettext_noop("In process {rank} (0 to {last}) of those that train together: {problem}"),
                        {"rank": rank, "last": self._size - 1, "problem": problem},
                    )
                )

    def weigh(self, terms: Terms, batch: Batch, stop: StopRequest) -> Weighed:
        """Add up what the terms are divided by, their values, and whether the leader was asked to stop.

        One small sum over all processes a batch; on a GPU it waits for the forward pass.
        """
        own = _figures(terms, batch, stopping=self.leads and stop.requested)
        whole = own.clone()
        dist.all_reduce(whole)
        hard, soft, samples = (
            self._size * max(1.0, ours) / max(1.0, all_)
            for ours, all_ in zip(own[:3].tolist(), whole[:3].tolist(), strict=True)
        )
        over_hard, over_soft, count, hards, softs, features, labelled, correct, stopping = whole.tolist()
        self._stopping |= stopping > 0
        sums = Sums(
            samples=round(count),
            labelled=round(labelled),
            soft=softs / max(1.0, over_soft) * count,
            feature=features,
            hard=hards / max(1.0, over_hard) * labelled,
            correct=None if terms.answers is None else round(correct),
        )
        return Weighed(Parts(hard, soft, samples), sums)

    def check(self, _stop: StopRequest) -> None:
        """As all have heard in this step."""
        if self._stopping:
            raise Stopped

    def tell(self, word: int) -> None:
        """To all others."""
        dist.broadcast(torch.tensor(word, device=self._device), 0)

    def hear(self) -> bool:
        """From the leader, however long its validation takes."""
        heard = torch.tensor(0, device=self._device)
        dist.broadcast(heard, 0)
        word = int(heard)
        if word == STOP:
            raise Stopped
        return word == OVER

    def _meet(self, step: int) -> None:
        """Wait for all; a process that went on from another checkpoint would ruin the weights."""
        steps: list[Any] = [None] * self._size
        dist.all_gather_object(steps, step)
        if len(set(steps)) > 1:
            raise RuntimeError(f"the processes stand at different steps: {steps}")


class _Judged(nn.Module):
    """What is wrapped: the student and its projectors, never the teacher."""

    def __init__(self, parts: nn.ModuleDict, goal: Objective, forward: Forward) -> None:
        super().__init__()
        self.parts = parts
        self._terms = partial(goal.terms, lambda inputs: forward(inputs))  # the model is a part already

    def forward(self, batch: Batch) -> Terms:
        return self._terms(batch)


def _figures(terms: Terms, batch: Batch, *, stopping: bool) -> Tensor:
    """[3 divisors: hard, soft, samples; hard, soft, feature as sums; labelled, right answers; stop], float64."""
    hard, device = terms.hard.detach(), terms.hard.device
    samples = len(batch.inputs)
    over_hard = batch.labelled if terms.hard_over is None else terms.hard_over
    over_soft = samples if terms.soft_over is None else terms.soft_over
    correct: Any = 0
    if terms.answers is not None:
        correct = (terms.answers.detach().argmax(dim=1) == losses.plain(batch.labels)).sum()
    values = (
        over_hard,
        over_soft,
        samples,
        hard * _at_least_one(over_hard),
        0.0 if terms.soft is None else terms.soft.detach() * _at_least_one(over_soft),
        0.0 if terms.feature is None else terms.feature.detach() * samples,
        batch.labelled,
        correct,
        float(stopping),
    )
    return torch.stack([torch.as_tensor(value, dtype=torch.float64, device=device) for value in values])


def _at_least_one(count: Tensor | int) -> Tensor | int:
    return count.clamp(min=1) if isinstance(count, Tensor) else max(1, count)
