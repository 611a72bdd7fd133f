"""What detection and segmentation share: views, a teacher that sees the same pixels, features of both."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import shown
from distillation.engine import evaluation, feature_layers, students, teachers, view_answers
from distillation.engine.answer_cache import TeacherOutputs
from distillation.engine.augmentation.labelled import Labelled
from distillation.engine.augmentation.strength import strength
from distillation.engine.batches import Feed
from distillation.engine.context import Context
from distillation.engine.evaluation import Outcome
from distillation.engine.feature_pairs import FeaturePairs
from distillation.engine.ordering import Ordering
from distillation.engine.projectors import Pair
from distillation.engine.view_feed import Answers, ViewFeed, Views
from distillation.engine.workloads.pictures import Pictures


class DensePictures(Pictures, ABC):
    """Tasks of which the answer has places: student and teacher see the same augmented views."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.outputs: TeacherOutputs | None = None

    @abstractmethod
    def sample(self, row: int) -> Labelled:
        """A row of the pack with what is marked on it."""

    @abstractmethod
    def collate(self, views: Sequence[Labelled], rows: NDArray[np.int64]) -> tuple[Any, int]:
        """What the objective reads of a batch, and the number of labelled pictures."""

    @abstractmethod
    def read(self, outputs: Any) -> dict[str, Tensor]:
        """What is kept of the teacher's outputs, by name."""

    @abstractmethod
    def features(self, outputs: Any) -> dict[str, Tensor]:
        """What is compared as features, by name."""

    def ask_teacher(self) -> None:
        """Compute or open the answers to every view; a teacher that finds nothing is refused."""
        spec = self.context.spec.teacher
        assert spec is not None  # noqa: S101 - asked by the caller
        source = teachers.find(spec, self.context.home, self.classes, self.context.spec.task_type)
        views = self.views(with_teacher=True)
        self.context.progress.resize(len(views.rows) * views.count)
        self.outputs = view_answers.open_views(
            self.context, self.data.digest, self.pack, source, views, self._read, self._judge,
            kept="own" if self._own_features else "answers", tapped=self._tapped,
        )  # fmt: skip
        if self.teacher_figures()["accuracy"] <= 0:
            raise Refused(
                Sentence(
                    gettext_noop(
                        "The teacher {name} finds nothing of what is marked on the {count} held-out pictures. It has "
                        "nothing to teach here; choose another one."
                    ),
                    {"name": shown(source.name), "count": self.validation.count},
                )
            )

    def views(self, *, with_teacher: bool) -> Views:
        """Views of the labelled rows, and of the unlabelled ones where a teacher says what they show."""
        train = self.context.spec.train
        groups = [self.rows.train, self.rows.unlabeled] if with_teacher else [self.rows.train]
        known = [group for group in groups if len(group)]
        return Views(
            self.sample, known, train.seed, train.views, strength(train.augmentation, self.context.spec.task_type)
        )

    def feed(self, *, seed: int, with_teacher: bool, stream_steps: int | None = None) -> Feed:
        """Batches of views."""
        spec, views = self.context.spec, self.views(with_teacher=with_teacher)
        return ViewFeed(
            views,
            Ordering(len(views.rows), spec.train.with_seed(seed), stream_steps=stream_steps, rank=self.context.rank),
            self.collate,
            self.answers(views) if with_teacher else None,
            shape=self.pack.pictures.shape[1:],
            device=spec.device,
            threads=spec.threads,
        )

    def answers(self, views: Views) -> Answers | None:
        """What the teacher says of the views; None where that is no network's answer."""
        return None if self.outputs is None else view_answers.picked(self.outputs, views, self.context.spec.device)

    def pairs(self, model: nn.Module, *, seed: int, with_teacher: bool) -> FeaturePairs | None:
        """Projectors between the student's features and those that are kept of the teacher."""
        spec, loss = self.context.spec, self.context.spec.loss
        if not with_teacher or self.outputs is None or loss is None or not loss.feature:
            return None
        inputs = students.normalise(torch.from_numpy(self.pack.pictures[[0]]).to(spec.device))
        shapes = {name: array.shape[1:] for name, array in self.outputs.arrays.items()}
        if self._tapped:
            return feature_layers.paired(loss, model, inputs, shapes, seed).to(spec.device)
        was_training = model.training
        with torch.inference_mode():
            ours = self.features(model.eval()(inputs))
        model.train(was_training)
        pairs = [Pair(name, name, tuple(feature.shape), (1, *shapes[name])) for name, feature in ours.items()]
        return FeaturePairs(pairs, loss, seed).to(spec.device)

    def teacher_figures(self) -> dict[str, Any]:
        """Taken when its answers were."""
        assert self.outputs is not None  # noqa: S101 - asked by the caller
        figures: dict[str, Any] = self.outputs.about["figures"]
        return figures

    def batch(self) -> int:
        """Pictures of one forward pass without gradients."""
        return evaluation.batch_size(self.context.spec.train.batch_size, int(np.prod(self.pack.pictures.shape[1:])))

    @abstractmethod
    def figures(self, outcome: Outcome) -> dict[str, Any]:
        """accuracy, precision, recall, f1, …, overall and per class; in percent."""

    @property
    def _tapped(self) -> bool:
        """Whether the spec names the layers whose features are compared; else the networks' own are."""
        loss = self.context.spec.loss
        return loss is not None and loss.feature and bool(loss.layers)

    @property
    def _own_features(self) -> bool:
        loss = self.context.spec.loss
        return loss is not None and loss.feature and not loss.layers

    def _read(self, outputs: Any) -> dict[str, Tensor]:
        return self.read(outputs) | (self.features(outputs) if self._own_features else {})

    def _judge(self, teacher: nn.Module) -> dict[str, Any]:
        return self.figures(self.validation(teacher, self.context.stop))
