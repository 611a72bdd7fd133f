"""Objects in pictures: boxes with a class each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from distillation.contract import teachers as catalogue
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import shown
from distillation.datasets.samples import Objects
from distillation.engine import box_answers, teachers
from distillation.engine.answer_cache import TeacherOutputs
from distillation.engine.augmentation.labelled import Guesses, Labelled
from distillation.engine.context import Context
from distillation.engine.detection import objective, pseudo_labels
from distillation.engine.detection.letterbox import Letterbox
from distillation.engine.detection.matching import TrueBoxes
from distillation.engine.detection.objective import DetectionObjective
from distillation.engine.detection.outputs import Detections
from distillation.engine.detection.validation import DetectionValidation
from distillation.engine.evaluation import Outcome
from distillation.engine.examples.detected import DetectedGallery
from distillation.engine.teachers import TeacherSource, box_teacher
from distillation.engine.view_feed import Answers, Views
from distillation.engine.workloads.dense import DensePictures


class Detection(DensePictures):
    """Detection by a network with the anchor-free head of ``students.yolo``; its metric is mAP50."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._objects: dict[int, TrueBoxes] = {}
        """By row, in pixels of the square."""
        self._guesses: dict[int, Guesses] = {}
        """Of a teacher that answers in boxes: the same."""
        self._figures: dict[str, Any] = {}

    def prepare(self) -> None:
        """Decode every picture once, and move its boxes into the square."""
        self.prepare_pictures()
        self.warn_of_unused()
        for row, sample in enumerate(self.data.samples):
            if isinstance(sample.target, Objects) and row not in self.skipped:
                true = self._true(row)
                self._objects[row] = TrueBoxes(self._place(row).into(true.boxes), true.labels)
        self.validation = DetectionValidation(
            self.pack.pictures,
            self.rows.val,
            [self._objects[int(row)] for row in self.rows.val],
            self.classes,
            self.batch(),
            self.context.spec.device,
        )

    def sample(self, row: int) -> Labelled:
        """A picture with its boxes; None for an unlabelled one."""
        marked, guessed = self._objects.get(row), self._guesses.get(row)
        if marked is None:
            return Labelled(self.pack.pictures[row], guesses=guessed)
        return Labelled(self.pack.pictures[row], marked.boxes, marked.labels, guesses=guessed)

    def ask_teacher(self) -> None:
        """Answers to every view of a finished task's student; of every other teacher its boxes in the clean pictures.

        Raises Refused for one that finds next to nothing, or of which features are wanted that it does not have.
        """
        spec, loss = self.context.spec.teacher, self.context.spec.loss
        assert spec is not None  # noqa: S101 - asked by the caller
        if not catalogue.answers_in_boxes(spec.kind, "detection"):
            super().ask_teacher()
            return
        problem = catalogue.feature_problem(shown(spec.name), spec.kind, "detection")
        if problem is not None and loss is not None and loss.feature:
            raise Refused(problem)
        self.context.events.log(
            "info",
            Sentence(
                gettext_noop(
                    "The teacher {name} teaches by the boxes that it finds, each weighted by its score; temperature "
                    "changes nothing there."
                ),
                {"name": shown(spec.name)},
            ),
        )
        source = teachers.find(spec, self.context.home, self.classes, "detection")
        rows = self.training_rows(taught=True)
        self.outputs = box_answers.open_boxes(
            self.context, self.data, source, self.skipped, rows[: box_answers.PREVIEWS].tolist()
        )
        self._take_over(self.outputs, rows, source)

    def _take_over(self, outputs: TeacherOutputs, rows: NDArray[np.int64], source: TeacherSource) -> None:
        """Judge the kept boxes, and move those of the training rows into the square."""
        found = {int(row): box_answers.found_in(outputs, int(row)) for row in rows}
        self._figures = pseudo_labels.figures(
            (box_answers.found_in(outputs, int(row)) for row in self.rows.val),
            (self._true(int(row)) for row in self.rows.val),
            self.classes,
        )
        with_objects = [int(row) for row in self.rows.train if len(self._true(int(row)).labels)]
        pseudo_labels.require_enough(
            source.name, found, with_objects, self._figures, box_teacher.LEAST_SCORE[source.kind]
        )
        self._guesses = {row: pseudo_labels.guesses(one, self._place(row)) for row, one in found.items()}

    def answers(self, views: Views) -> Answers | None:
        """None of a teacher that answers in boxes: they come with the views."""
        return None if self._guesses else super().answers(views)

    def teacher_figures(self) -> dict[str, Any]:
        """Of the kept boxes, or those that were taken with the answers."""
        return self._figures or super().teacher_figures()

    def collate(self, views: Sequence[Labelled], rows: NDArray[np.int64]) -> tuple[Any, int]:
        """Padded targets."""
        return objective.collate(views)

    def read(self, outputs: Detections) -> dict[str, Tensor]:
        """Classes and boxes."""
        return objective.named(outputs)

    def features(self, outputs: Detections) -> dict[str, Tensor]:
        """The neck's maps."""
        return objective.levels(outputs)

    def goal(self, model: nn.Module, *, seed: int, with_teacher: bool) -> DetectionObjective:
        """Labels; with a teacher its answers and features."""
        weights = self.context.spec.loss if with_teacher else None
        return DetectionObjective(weights, self.pairs(model, seed=seed, with_teacher=with_teacher))

    def figures(self, outcome: Outcome) -> dict[str, Any]:
        """Those of the metrics; ``accuracy`` is mAP50."""
        return {**outcome.answers, "accuracy": outcome.accuracy}

    def gallery(self) -> DetectedGallery:
        """Pictures with true and found boxes."""
        return DetectedGallery(self.material(), self._objects, self.pack.sizes)

    def describe(self) -> dict[str, Any]:
        """Nothing beyond what every detector's configuration says."""
        return {}

    def _place(self, row: int) -> Letterbox:
        width, height = map(int, self.pack.sizes[row])
        return Letterbox(width, height, self.pack.pictures.shape[-1])

    def _true(self, row: int) -> TrueBoxes:
        """What is marked on a labelled row, in the picture's own pixels."""
        target = self.data.samples[row].target
        assert isinstance(target, Objects)  # noqa: S101 - asked of labelled rows
        return TrueBoxes(target.boxes.reshape(-1, 4), target.labels.astype(np.int64))
