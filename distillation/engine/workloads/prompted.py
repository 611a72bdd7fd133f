"""A class for every pixel, of which a teacher draws the masks: the data marks boxes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distillation.contract import teachers as catalogue
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import named, shown
from distillation.datasets.samples import IGNORED, Objects
from distillation.engine import mask_answers, metrics, segmentation, teachers
from distillation.engine.answer_cache import TeacherOutputs
from distillation.engine.augmentation.labelled import Labelled
from distillation.engine.context import Context
from distillation.engine.view_feed import Answers, Views
from distillation.engine.workloads.segmentation import Segmentation


class PromptedSegmentation(Segmentation):
    """Segmentation from boxes: a picture's masks are the teacher's, and the labels too where nobody drew outlines."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._boxed: frozenset[int] = frozenset()
        """Rows with an object that is marked by a box alone."""

    def prepare(self) -> None:
        """Decode every picture; those without a box have no prompt and are named."""
        super().prepare()
        samples = self.data.samples
        self._boxed = frozenset(
            row for row, sample in enumerate(samples) if isinstance(sample.target, Objects) and sample.target.boxed
        )
        empty = [int(row) for row in self.rows.train if not len(mask_answers.prompts(samples[int(row)])[1])]
        if empty:
            self.context.events.log(
                "warning",
                Sentence(
                    gettext_noop("{count} training pictures have no box; they count as background alone: {names}."),
                    {"count": len(empty), "names": named(samples[row].path for row in empty)},
                ),
            )

    def ask_teacher(self) -> None:
        """Have every box drawn into; take the masks as labels where there are no others.

        Raises Refused for a teacher that draws next to nothing, or of which features are wanted.
        """
        spec, loss = self.context.spec.teacher, self.context.spec.loss
        assert spec is not None  # noqa: S101 - asked by the caller
        problem = catalogue.feature_problem(shown(spec.name), spec.kind, "segmentation")
        if problem is not None and loss is not None and loss.feature:
            raise Refused(problem)
        source = teachers.find(spec, self.context.home, self.classes, "segmentation")
        self.outputs = mask_answers.open_masks(self.context, self.data, source, self.skipped)
        mask_answers.require_enough(source.name, self.outputs, self.rows.train, self.classes)
        self._maps = _Filled(self._maps, self.outputs, self._boxed)
        self.validation = replace(self.validation, maps=self._maps)
        if count := self._by_teacher(self.rows.val):
            self.context.events.log(
                "warning",
                Sentence(
                    gettext_noop(
                        "{count} of {total} held-out pictures have boxes without outlines: their masks are those of "
                        "the teacher {name}, and accuracy there says how well the student follows it. Draw outlines in "
                        "some held-out pictures to learn how right both are."
                    ),
                    {"count": count, "total": len(self.rows.val), "name": shown(source.name)},
                ),
            )

    def sample(self, row: int) -> Labelled:
        """A picture with its class map and what the teacher drew."""
        assert self.outputs is not None  # noqa: S101 - asked before
        return replace(super().sample(row), drawn=mask_answers.drawn_in(self.outputs, row))

    def collate(self, views: Sequence[Labelled], rows: NDArray[np.int64]) -> tuple[Any, int]:
        """Class maps and the teacher's."""
        return segmentation.collate_drawn(views)

    def answers(self, views: Views) -> Answers | None:
        """None: they come with the views."""
        return None

    def teacher_figures(self) -> dict[str, Any]:
        """Of its masks on the held-out pictures: 100 % where these are the truth for want of another."""
        assert self.outputs is not None  # noqa: S101 - asked before
        kinds = len(self.classes)
        confusion = np.zeros((kinds, kinds), np.int64)
        for row in self.rows.val.tolist():
            truth, said = self._maps[row], mask_answers.drawn_in(self.outputs, row).hard()
            known = (truth != IGNORED) & (said != IGNORED)
            confusion += metrics.confusion_matrix(truth[known].astype(np.int64), said[known], kinds)
        return segmentation.segmentation_figures(confusion, self.classes) | {"sample_count": len(self.rows.val)}

    def facts(self) -> dict[str, Any]:
        """As of all pictures, and how many have no other masks than the teacher's."""
        masks = {"train": self._by_teacher(self.rows.train), "val": self._by_teacher(self.rows.val)}
        return super().facts() | {"masks_by_teacher": masks}

    def _by_teacher(self, rows: NDArray[np.int64]) -> int:
        return sum(int(row) in self._boxed for row in rows)


class _Filled:
    """Class maps by row: people's outlines, and the teacher's masks in the rows ``boxed``."""

    def __init__(self, outlines: Any, outputs: TeacherOutputs, boxed: Collection[int]) -> None:
        self._outlines, self._outputs, self._boxed = outlines, outputs, boxed

    def __getitem__(self, rows: Any) -> NDArray[np.uint8]:
        """One map of a row, or ``[n, size, size]`` of several."""
        if np.ndim(rows):
            return np.stack([self[int(row)] for row in rows])
        if int(rows) in self._boxed:
            return mask_answers.drawn_in(self._outputs, int(rows)).hard()
        return np.asarray(self._outlines[rows])
