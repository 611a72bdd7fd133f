"""What every kind of task provides to a run: its data, its teacher's answers, its loss, its figures."""

from __future__ import annotations

from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn

from distillation.engine.answer_cache import TeacherOutputs
from distillation.engine.batches import Feed
from distillation.engine.evaluation import Outcome, Validation
from distillation.engine.examples.gallery import Gallery
from distillation.engine.objective import Objective


class Workload(Protocol):
    """The data and the teacher of one run, prepared in the order of the methods."""

    classes: tuple[str, ...]
    channels: int
    """Of pictures; the features of a sequence; the tokens of the vocabulary of texts."""
    unit: str
    """What is counted in progress: ``images``, ``sequences``, ``texts``."""
    total: int
    """Samples that are prepared."""
    outputs: TeacherOutputs | None
    """The teacher's answers, or None without a teacher."""

    @property
    def validation(self) -> Validation:
        """Held-out samples."""

    def prepare(self) -> None:
        """Read and freeze the data, pack it, set the held-out samples apart. Raises Refused, DataChanged, Stopped."""

    def adapt_teacher(self) -> None:
        """Let the teacher learn from the labels first, where the spec asks for it. Raises as :meth:`ask_teacher`."""

    def ask_teacher(self) -> None:
        """Look the teacher up and keep its answers. Raises Refused, DataChanged, Stopped."""

    def samples(self) -> int:
        """Samples that the student sees in an epoch."""

    def feed(self, *, seed: int, with_teacher: bool, stream_steps: int | None = None) -> Feed:
        """What an arm learns from: labelled and unlabelled samples with the teacher, else labelled ones.

        ``seed`` orders them. Views are the same for every seed of a run, so that the teacher answers to them once.
        """

    def goal(self, model: nn.Module, *, seed: int, with_teacher: bool) -> Objective:
        """The loss of an arm; what learns beside the student begins as ``seed`` says."""

    def figures(self, outcome: Outcome) -> dict[str, Any]:
        """accuracy, precision, recall, f1, …, overall and per class, of what a model answered; in percent."""

    def teacher_figures(self) -> dict[str, Any]:
        """The teacher's figures on the held-out samples, from its kept answers or by asking it again."""

    def rows_of(self, split: Literal["train", "val"]) -> NDArray[np.int64]:
        """The labelled rows that are learned from, or the held-out ones, ascending."""

    def plain(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Samples before any normalisation: pixels 0 … 255 ``[n, channels, S, S]``, or sequences as stored."""

    def gallery(self) -> Gallery | None:
        """The held-out samples to be shown with the student's answers; None for what has no pictures."""

    def describe(self) -> dict[str, Any]:
        """What an exported model needs to know of the data: how a picture is prepared for it, …"""

    def teacher_learned(self) -> dict[str, Any] | None:
        """What the teacher learned of this run, through adapters; None where it did not. Called after each arm."""

    def files(self) -> dict[str, bytes]:
        """What must lie beside the weights of an exported model, by name: the tokenizer of texts."""

    def facts(self) -> dict[str, Any]:
        """Counts of samples and what was left out, for the result."""
