"""What tasks share whose samples are rows of an array in memory with one class each: sequences, texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distillation.contract.sentence import Sentence
from distillation.datasets.samples import Finding
from distillation.engine import atomic, certainty, evaluation, losses, metrics, objective
from distillation.engine.answer_cache import TeacherOutputs
from distillation.engine.batches import Feed, PlainFeed, RowStore
from distillation.engine.certainty import Ranked
from distillation.engine.context import Context
from distillation.engine.evaluation import ClassifierValidation, Outcome, Validation
from distillation.engine.failures import DataChanged
from distillation.engine.objective import Classification
from distillation.engine.ordering import Ordering


class Split(Protocol):
    """Some samples with their labels."""

    @property
    def labels(self) -> NDArray[np.int64]:
        """``[n]``; -1 for unlabelled ones."""

    def __len__(self) -> int: ...


class Data(Protocol):
    """A data set whose samples are rows."""

    @property
    def classes(self) -> tuple[str, ...]:
        """In the order of the labels."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with it."""

    @property
    def split(self) -> str:
        """Where the held-out rows come from."""

    @property
    def digest(self) -> str:
        """Equal digests are equal data."""


class LabelledRows:
    """The rows of one run; the base of the workloads on rows."""

    unit: str
    changed: str
    """The sentence for data that are others than when the run began."""
    validation: Validation

    def __init__(self, context: Context) -> None:
        self.context = context
        self.outputs: TeacherOutputs | None = None

    def hold(self, data: Data, splits: Sequence[Split]) -> None:
        """Freeze the data; labels and places of the ``splits`` train, unlabeled and val. Raises DataChanged."""
        self._freeze(data.digest)
        for finding in data.findings:
            self.context.events.log("warning", finding.sentence)
        self.classes, self._split = data.classes, data.split
        labels = np.concatenate([split.labels for split in splits])
        self.labels = np.where(labels < 0, losses.IGNORED, labels).astype(np.int64)
        self.total = len(self.labels)
        self.context.progress.resize(self.total)
        every = np.arange(self.total)
        self.train, self.unlabeled, self.val = np.split(every, np.cumsum([len(split) for split in splits])[:2])

    def set_apart(self, values: NDArray[Any]) -> None:
        """Take the ``values`` of all rows, in the order of the splits, and hold those of val out."""
        spec = self.context.spec
        self.values = values
        self.validation = ClassifierValidation(
            self._store(self.val),
            torch.from_numpy(self.labels[self.val]).to(spec.device),
            evaluation.batch_size(spec.train.batch_size, int(np.prod(values.shape[1:]))),
        )

    def prepared(self, values: Tensor) -> Tensor:
        """Some of the values as the student takes them."""
        return values

    def samples(self) -> int:
        """Rows that the student sees in an epoch."""
        return len(self._rows(self.context.spec.teacher is not None))

    def feed(self, *, seed: int, with_teacher: bool, stream_steps: int | None = None) -> Feed:
        """Rows in memory, with the teacher's softened probabilities."""
        spec, rows = self.context.spec, self._rows(with_teacher)
        teacher = None
        if with_teacher and self.outputs is not None and spec.loss is not None:
            teacher = objective.kept(spec.loss, self.outputs, rows, spec.device)
        labels = torch.from_numpy(self.labels[rows]).to(spec.device)
        ordering = Ordering(len(rows), spec.train.with_seed(seed), stream_steps=stream_steps, rank=self.context.rank)
        return PlainFeed(self._store(rows), labels, teacher, ordering)

    def goal(self, model: nn.Module, *, seed: int, with_teacher: bool) -> Classification:
        """Cross entropy, and the teacher's softened probabilities and features."""
        spec = self.context.spec
        weights = spec.loss if with_teacher else None
        sample = self._store(self.train[:1]).between(0, 1)
        return Classification(weights, objective.feature_pairs(weights, self.outputs, model, sample, seed))

    def figures(self, outcome: Outcome) -> dict[str, Any]:
        """From the confusion matrix."""
        return self._figures(outcome.answers)

    def teacher_figures(self) -> dict[str, Any]:
        """From its cached logits."""
        assert self.outputs is not None  # noqa: S101 - asked by the caller
        logits = torch.from_numpy(np.asarray(self.outputs.arrays["logits"][self.val]))
        return self._figures(certainty.ranked(logits, torch.from_numpy(self.labels[self.val])))

    def adapt_teacher(self) -> None:
        """No teacher of this kind of task takes adapters."""

    def teacher_learned(self) -> dict[str, Any] | None:
        """Nothing."""
        return None

    def rows_of(self, split: Literal["train", "val"]) -> NDArray[np.int64]:
        """Labelled rows of a split."""
        return self.train if split == "train" else self.val

    def plain(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Values as stored, with NaN for missing steps of a sequence."""
        return self.values[rows].astype(np.float32)

    def gallery(self) -> None:
        """There is nothing to look at."""

    def facts(self) -> dict[str, Any]:
        """Counts of rows."""
        counts = {"train": len(self.train), "unlabeled": len(self.unlabeled), "val": len(self.val)}
        return {
            "unreadable": {"count": 0, "total": self.total, "named": []},
            "samples": counts,
            "split": self._split,
        }

    def _rows(self, taught: bool) -> NDArray[np.int64]:
        return np.concatenate([self.train, self.unlabeled]) if taught else self.train

    def _store(self, rows: NDArray[np.int64]) -> RowStore:
        return RowStore(self.values, rows, self.prepared, self.context.spec.device)

    def _figures(self, answers: Ranked) -> dict[str, Any]:
        return metrics.of_classifier(self.labels[self.val], answers, self.classes)

    def _freeze(self, digest: str) -> None:
        frozen = atomic.read_json(self.context.run_dir.data)
        if frozen is None:
            atomic.write_json(self.context.run_dir.data, {"version": 2, "digest": digest})
        elif frozen["digest"] != digest:
            raise DataChanged(Sentence(self.changed))
