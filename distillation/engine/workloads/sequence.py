"""Sequences with one class each, such as sensor readings."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import recognition
from distillation.datasets.layout import shown
from distillation.datasets.sequences import SequenceSplit
from distillation.engine import answer_cache, feature_layers, teachers
from distillation.engine.context import Context
from distillation.engine.row_answers import RowAnswerer
from distillation.engine.teachers import TeacherSource, finished_task
from distillation.engine.workloads.rows import LabelledRows

SMALLEST_DEVIATION = 1e-6


class SequenceClassification(LabelledRows):
    """Classification of sequences; values are standardised by the training split, missing steps at the end are NaN."""

    unit = "sequences"
    changed = gettext_noop(
        "The sequences of the data set changed since the run began. Put its files back as they were, or start the task "
        "afresh."
    )

    def prepare(self) -> None:
        """Read the whole data set: sequences are small beside pictures."""
        spec = self.context.spec
        data = recognition.read_sequences(self.context.home / spec.data.path, self.context.home / spec.data.val_path)
        splits = (data.train, data.unlabeled, data.val)
        self.hold(data, splits)
        self.data, self.channels = data, data.features
        values: NDArray[np.float32] = np.concatenate([_with_ends(split) for split in splits])
        known = values[self.train].reshape(-1, self.channels)
        self.mean = np.nanmean(known, axis=0).astype(np.float32)
        self.deviation = np.maximum(np.nanstd(known, axis=0), SMALLEST_DEVIATION).astype(np.float32)
        self._standardise = _standardiser(self.mean, self.deviation)
        self.set_apart(values)

    def prepared(self, values: Tensor) -> Tensor:
        """Standardised."""
        standardised: Tensor = self._standardise(values)
        return standardised

    def ask_teacher(self) -> None:
        """Compute or open the logits of a finished task's student."""
        spec = self.context.spec.teacher
        assert spec is not None  # noqa: S101 - asked by the caller
        source = teachers.find(spec, self.context.home, self.classes, "sequence")
        layers = feature_layers.key(self.context.spec.loss)
        ask = functools.cache(lambda: _answerer(self.context, source, self.values))
        self.outputs = answer_cache.open_answers(
            self.context,
            f"sequence/1/{source.identity}/{self.data.digest}{layers}",
            lambda: ask().shapes(),
            self.total,
            ask,
        )

    def describe(self) -> dict[str, Any]:
        """How a sequence is prepared."""
        return {
            "length": self.data.length,
            "normalisation": {"mean": self.mean.tolist(), "std": self.deviation.tolist()},
            "missing_steps": "NaN at the end",
        }

    def files(self) -> dict[str, bytes]:
        """None."""
        return {}


def _answerer(context: Context, source: TeacherSource, values: NDArray[np.float32]) -> RowAnswerer:
    network, config = finished_task.load_network(source, "sequence")
    if config["channels"] != values.shape[2]:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher {name} takes {expected} values a step, the data has {found}. Choose one that "
                    "was trained on such data."
                ),
                {"name": shown(source.name), "expected": config["channels"], "found": values.shape[2]},
            )
        )
    scale = config["normalisation"]
    prepare = _standardiser(np.array(scale["mean"], np.float32), np.array(scale["std"], np.float32))
    return RowAnswerer(context, source, network, lambda rows: prepare(torch.from_numpy(values[rows])))


def _with_ends(split: SequenceSplit) -> NDArray[np.float32]:
    """Values with NaN where a shorter sequence is filled up."""
    values = np.array(split.values, np.float32)
    values[np.arange(values.shape[1]) >= split.lengths[:, None]] = np.nan
    return values


def _standardiser(mean: NDArray[np.float32], deviation: NDArray[np.float32]) -> Any:
    shift, scale = torch.from_numpy(mean), torch.from_numpy(deviation)
    return lambda values: (values - shift.to(values.device)) / scale.to(values.device)
