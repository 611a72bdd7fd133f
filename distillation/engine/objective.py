"""What a batch is judged by: the terms of the loss, their weights, and the proof that distillation teaches."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distillation.contract.spec import LossSpec
from distillation.engine import feature_layers, losses
from distillation.engine.answer_cache import TeacherOutputs
from distillation.engine.batches import Batch, RowStore
from distillation.engine.feature_pairs import FeaturePairs
from distillation.engine.losses import correlation, decoupled, response

Forward = Callable[[Tensor], Any]
"""The student, perhaps in mixed precision."""


class Terms(NamedTuple):
    """The unweighted terms of one batch; scalars with a graph, except the answers."""

    hard: Tensor
    """The mean over the labelled samples of the batch; 0 where there are none."""
    soft: Tensor | None
    """What the teacher's answers ask for, the mean over all samples; None without a teacher."""
    feature: Tensor | None = None
    """What the teacher's features ask for."""
    answers: Tensor | None = None
    """Logits ``[batch, classes]`` where a training accuracy is counted."""
    beside: Tensor | None = None
    """What a teacher that learns too is judged by, whole: it moves that teacher alone."""
    hard_over: Tensor | None = None
    """What hard was divided by, where that is another count than the labelled samples'; below 1 by 1."""
    soft_over: Tensor | None = None
    """What soft was divided by, where that is another count than the samples'."""


class Parts(NamedTuple):
    """Factors of the terms' gradients: of a process that has a share of the batch, else 1."""

    hard: float = 1.0
    soft: float = 1.0
    feature: float = 1.0


WHOLE = Parts()


class Objective(Protocol):
    """The loss of one kind of task."""

    @property
    def weights(self) -> LossSpec | None:
        """None for an arm that learns from labels alone."""

    @property
    def trained(self) -> nn.Module | None:
        """What learns beside the student (projectors), or None."""

    def terms(self, model: Forward, batch: Batch) -> Terms:
        """One forward pass of the student. Hot: once a batch."""


class Classification:
    """Cross entropy on labels, and the teacher's answers by the method of the spec; pictures and sequences."""

    def __init__(self, weights: LossSpec | None, pairs: FeaturePairs | None = None) -> None:
        """``pairs`` taps the student's layers and compares them with what is kept of the teacher's."""
        self.weights, self.trained = weights, pairs
        self._compare = None if weights is None else answers(weights).compare

    def terms(self, model: Forward, batch: Batch) -> Terms:
        """Map the batch's inputs to ``[batch, classes]`` and compare."""
        logits = model(batch.inputs)
        hard = losses.hard_loss(logits, batch.labels, batch.labelled)
        soft = feature = None
        if batch.teacher is not None and self.weights is not None and self._compare is not None:
            if self.weights.soft:
                soft = self._compare(logits, batch.teacher["logits"], losses.plain(batch.labels))
            if self.trained is not None:
                feature = self.trained.compare({}, batch.teacher)
        return Terms(hard, soft, feature, answers=logits)


class Answers(NamedTuple):
    """How a classifier's answers are kept and compared."""

    prepare: Callable[[Tensor], Tensor]
    """From the teacher's logits to what is kept in memory."""
    compare: Callable[[Tensor, Tensor, Tensor], Tensor]
    """(the student's logits, what is kept, labels) → scalar."""


def answers(weights: LossSpec) -> Answers:
    """The comparison that the spec asks for."""
    temperature = weights.temperature
    if weights.method == "dkd":
        return Answers(
            lambda logits: logits,
            lambda student, teacher, labels: decoupled.decoupled(student, teacher, labels, temperature),
        )
    if weights.method == "dist":
        return Answers(
            lambda logits: logits,
            lambda student, teacher, _labels: correlation.correlation(student, teacher, temperature),
        )
    chosen = response.comparison(weights.comparison)
    return Answers(
        lambda logits: chosen.prepare(logits, temperature),
        lambda student, kept, _labels: chosen.compare(student, kept, temperature),
    )


def kept(weights: LossSpec, outputs: TeacherOutputs, rows: NDArray[np.int64], device: str) -> dict[str, RowStore]:
    """The kept answers and features of some rows, ready to be compared."""
    prepare = answers(weights).prepare
    return {
        name: RowStore(array, rows, prepare if name == "logits" else torch.Tensor.float, device)
        for name, array in outputs.arrays.items()
    }


def feature_pairs(
    weights: LossSpec | None, outputs: TeacherOutputs | None, model: nn.Module, sample: Tensor, seed: int
) -> FeaturePairs | None:
    """Taps and projectors between the student and the features that are kept of the teacher beside its logits."""
    if weights is None or outputs is None or not weights.feature:
        return None
    shapes = {name: array.shape[1:] for name, array in outputs.arrays.items() if name != "logits"}
    return feature_layers.paired(weights, model, sample, shapes, seed).to(sample.device)


def backward(terms: Terms, weights: LossSpec | None, share: float = 1.0, parts: Parts = WHOLE) -> None:
    """Accumulate the gradient of ``share`` times the weighted sum of the terms; without a teacher, of hard alone.

    The weights are given to autograd as the gradients of the terms, which is the same by linearity and saves the
    nodes of the sum: 4 % of a small student's step.
    """
    if weights is None or (terms.soft is None and terms.feature is None):
        torch.autograd.backward(terms.hard, _scalar(share * parts.hard, terms.hard.device))
        return
    judged, gradients = [terms.hard], [_scalar(share * weights.hard_weight * parts.hard, terms.hard.device)]
    if terms.soft is not None:
        judged.append(terms.soft)
        gradients.append(_scalar(share * weights.soft_weight * parts.soft, terms.hard.device))
    if terms.feature is not None:
        judged.append(terms.feature)
        weight = share * weights.soft_weight * weights.feature_weight * parts.feature
        gradients.append(_scalar(weight, terms.hard.device))
    if terms.beside is not None:
        judged.append(terms.beside)
        gradients.append(_scalar(share, terms.hard.device))
    torch.autograd.backward(judged, gradients)


def require_teaching(terms: Terms, model: nn.Module) -> None:
    """Prove on the first batch that each term of the teacher moves the student. Raises Refused."""
    if terms.soft is not None:
        losses.require_teaching(terms.soft, model)
    if terms.feature is not None:
        losses.require_teaching(terms.feature, model, features=True)


@functools.lru_cache(maxsize=64)
def _scalar(value: float, device: torch.device) -> Tensor:
    return torch.tensor(value, dtype=torch.float32, device=device)


def detached(terms: Terms) -> Terms:
    """The terms without their graph, for sums."""
    return Terms(terms.hard.detach(), *(term if term is None else term.detach() for term in terms[1:]))
