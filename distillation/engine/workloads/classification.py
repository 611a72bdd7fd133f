"""Pictures with one class each."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.datasets.layout import shown
from distillation.engine import (
    adaptation,
    certainty,
    evaluation,
    losses,
    metrics,
    objective,
    students,
    teacher_cache,
    teachers,
    usable_rows,
    view_answers,
)
from distillation.engine.adaptation import Adapted
from distillation.engine.answer_cache import TeacherOutputs
from distillation.engine.augmentation.labelled import Labelled
from distillation.engine.augmentation.strength import strength
from distillation.engine.batches import Feed, Ordered, PlainFeed, RowStore
from distillation.engine.certainty import Ranked
from distillation.engine.context import Context
from distillation.engine.evaluation import ClassifierValidation, Outcome
from distillation.engine.examples.classified import ClassifiedGallery
from distillation.engine.joint import LiveTeacher, Mutual
from distillation.engine.objective import Classification, Objective, answers
from distillation.engine.ordering import Ordering
from distillation.engine.teachers import TeacherSource
from distillation.engine.view_feed import ViewFeed, Views
from distillation.engine.workloads import pictures


class PictureClassification(pictures.Pictures):
    """Classification of pictures, stretched to the student's square; as they are, or in augmented views."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.outputs: TeacherOutputs | None = None
        self._adapted: Adapted | None = None
        self._live: LiveTeacher | None = None

    def prepare(self) -> None:
        """Decode every picture once; each class must keep pictures in both splits."""
        self.prepare_pictures()
        usable_rows.require_every_class(self.data, self.rows)
        self.warn_of_unused()
        rows, pack = self.rows, self.pack
        self.validation = ClassifierValidation(
            RowStore(pack.pictures, rows.val, students.normalise, self.context.spec.device),
            torch.from_numpy(rows.labels[rows.val]).to(self.context.spec.device),
            evaluation.batch_size(self.context.spec.train.batch_size, int(np.prod(pack.pictures.shape[1:]))),
        )

    def adapt_teacher(self) -> None:
        """Train its adapters on the labelled pictures, or take those that another run trained."""
        settings = self.context.spec.lora
        assert settings is not None  # noqa: S101 - asked by the caller
        self._adapted = adaptation.adapt(self.context, settings, self.data, self.rows, self._source())

    def ask_teacher(self) -> None:
        """Compute or open the teacher's logits; one that is no better than chance is reported."""
        source = self._source() if self._adapted is None else self._adapted.source
        if self.context.spec.joint:
            self._meet(source)
            return
        if self._augmented:
            loss, views = self.context.spec.loss, self._views(with_teacher=True)
            self.context.progress.resize(len(views.rows) * views.count)
            self.outputs = view_answers.open_views(
                self.context, self.data.digest, self.pack, source, views, self._named, self._judge,
                kept="logits", tapped=loss is not None and loss.feature,
            )  # fmt: skip
        else:
            self.outputs = teacher_cache.open_outputs(self.context, self.data, source, self.skipped)
        accuracy, chance = self.teacher_figures()["accuracy"], 100.0 / len(self.classes)
        if accuracy <= chance:
            self.context.events.log(
                "warning",
                Sentence(
                    gettext_noop(
                        "The teacher {name} is right on {accuracy} % of the held-out pictures, no better than chance "
                        "({chance} %). The student can hardly learn from it."
                    ),
                    {"name": shown(source.name), "accuracy": round(accuracy, 2), "chance": round(chance, 2)},
                ),
            )

    def feed(self, *, seed: int, with_teacher: bool, stream_steps: int | None = None) -> Feed:
        """Pictures with the teacher's answers: in memory where they fit, or augmented views."""
        spec, rows = self.context.spec, self.training_rows(with_teacher)
        ordering = Ordering(len(rows), spec.train.with_seed(seed), stream_steps=stream_steps, rank=self.context.rank)
        if self._augmented:
            views = self._views(with_teacher=with_teacher)
            return ViewFeed(
                views, ordering, functools.partial(self._collate, views), self._answers(with_teacher),
                shape=self.pack.pictures.shape[1:], device=spec.device, threads=spec.threads,
            )  # fmt: skip
        teacher: Mapping[str, Ordered] | None = None
        if with_teacher and self._live is not None:
            teacher = {"pictures": self._live.pictures(rows)}
        elif with_teacher and self.outputs is not None and spec.loss is not None:
            teacher = objective.kept(spec.loss, self.outputs, rows, spec.device)
        return PlainFeed(
            RowStore(self.pack.pictures, rows, students.normalise, spec.device),
            torch.from_numpy(self.rows.labels[rows]).to(spec.device),
            teacher,
            ordering,
        )

    def goal(self, model: nn.Module, *, seed: int, with_teacher: bool) -> Objective:
        """Cross entropy, and the teacher's softened probabilities and features; kept or live ones."""
        spec = self.context.spec
        weights = spec.loss if with_teacher else None
        if weights is not None and self._live is not None:
            return Mutual(weights, self._live)
        sample = students.normalise(torch.from_numpy(self.pack.pictures[[0]]).to(spec.device))
        return Classification(weights, objective.feature_pairs(weights, self.outputs, model, sample, seed))

    def figures(self, outcome: Outcome) -> dict[str, Any]:
        """From the confusion matrix."""
        return self._figures(outcome.answers)

    def teacher_figures(self) -> dict[str, Any]:
        """From its cached logits; of one that saw views, taken when its answers were; of a live one, asked again."""
        assert self.outputs is not None  # noqa: S101 - asked by the caller
        if self._live is not None:
            return self._figures(self._live.learned().answers)
        if self._augmented:
            figures: dict[str, Any] = self.outputs.about["figures"]
            return figures
        logits = torch.from_numpy(np.asarray(self.outputs.arrays["logits"][self.rows.val]))
        return self._figures(certainty.ranked(logits, torch.from_numpy(self.rows.labels[self.rows.val])))

    def gallery(self) -> ClassifiedGallery:
        """Pictures with the likeliest class."""
        return ClassifiedGallery(self.material(), self.rows.labels)

    def facts(self) -> dict[str, Any]:
        """As of all pictures, and the checksum of the teacher's adapter."""
        return super().facts() | {"adapter_checksum": None if self._adapted is None else self._adapted.checksum}

    def describe(self) -> dict[str, Any]:
        """How a picture is prepared."""
        return {"resize": "bilinear, to a square, not cropped"}

    def teacher_learned(self) -> dict[str, Any] | None:
        """Adapters, and the accuracy before and after."""
        if self._live is not None:
            return self._live.keep()
        return None if self._adapted is None else self._adapted.facts

    def _meet(self, source: TeacherSource) -> None:
        """Load a teacher that learns together with the student."""
        settings = self.context.spec.lora
        assert settings is not None  # noqa: S101 - settled before
        self._live = LiveTeacher(self.context, settings, self.data, self.rows, source)
        self.outputs = self._live.outputs

    def _source(self) -> TeacherSource:
        spec = self.context.spec.teacher
        assert spec is not None  # noqa: S101 - asked by the caller
        return teachers.find(spec, self.context.home, self.classes)

    def _figures(self, answers: Ranked) -> dict[str, Any]:
        return metrics.of_classifier(self.rows.labels[self.rows.val], answers, self.classes)

    @property
    def _augmented(self) -> bool:
        return self.context.spec.train.augmentation != "none"

    def _views(self, *, with_teacher: bool) -> Views:
        """Views of labelled and unlabelled rows, of which the teacher sees each as the student does, mixed ones too."""
        train = self.context.spec.train
        changes = strength(train.augmentation, "classification")
        groups = [self.rows.train, self.rows.unlabeled] if with_teacher else [self.rows.train]
        known = [group for group in groups if len(group)]
        return Views(lambda row: Labelled(self.pack.pictures[row]), known, train.seed, train.views, changes)

    def _collate(
        self, views: Views, made: Sequence[Labelled], rows: NDArray[np.int64]
    ) -> tuple[Tensor | losses.Mixed, int]:
        """Classes, and of pictures that were mixed both and the other's share."""
        device, labels = self.context.spec.device, self.rows.labels[rows]
        own, count = torch.from_numpy(labels).to(device), int((labels != losses.IGNORED).sum())
        if all(one.mixed is None for one in made):
            return own, count
        others, shares = labels.copy(), np.zeros(len(made), np.float32)
        for place, one in enumerate(made):
            if one.mixed is not None:
                position, shares[place] = one.mixed
                others[place] = self.rows.labels[views.rows[position]]
        mixed = losses.Mixed(own, *(torch.from_numpy(each).to(device) for each in (others, shares)))
        return mixed, count

    def _answers(self, with_teacher: bool) -> Callable[[NDArray[np.int64], int], dict[str, Tensor]] | None:
        loss = self.context.spec.loss
        if not with_teacher or self.outputs is None or loss is None:
            return None
        pick = view_answers.picked(self.outputs, self._views(with_teacher=True), self.context.spec.device)
        prepare = answers(loss).prepare

        def prepared(positions: NDArray[np.int64], number: int) -> dict[str, Tensor]:
            kept = pick(positions, number)
            return kept | {"logits": prepare(kept["logits"])}

        return prepared

    def _named(self, logits: Tensor) -> dict[str, Tensor]:
        return {"logits": logits}

    def _judge(self, teacher: nn.Module) -> dict[str, Any]:
        return self.figures(self.validation(teacher, self.context.stop))
