"""What all kinds of tasks on pictures share: the frozen data, the pack, the usable rows."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.datasets.layout import NAMED, shown
from distillation.engine import frozen_data, picture_pack, usable_rows
from distillation.engine.context import Context
from distillation.engine.evaluation import Validation
from distillation.engine.examples.gallery import Material


class Pictures:
    """The pictures of one run; the base of the workloads on pictures."""

    unit = "images"
    validation: Validation

    def __init__(self, context: Context) -> None:
        self.context = context

    def prepare_pictures(self) -> None:
        """Freeze the data set, decode what is not decoded yet, leave out what cannot be read."""
        self.data = frozen_data.freeze(self.context)
        self.classes, self.channels, self.total = self.data.classes, self.data.channels, self.data.rows
        self.context.progress.resize(self.total)
        self.pack = picture_pack.open_pack(self.context, self.data)
        self.rows = usable_rows.select(self.context, self.data, self.pack.unreadable)
        self.skipped = frozenset(entry.row for entry in self.pack.unreadable)

    def warn_of_unused(self) -> None:
        """Say that unlabelled pictures are of no use without a teacher."""
        if self.context.spec.teacher is None and len(self.rows.unlabeled):
            self.context.events.log(
                "info",
                Sentence(
                    gettext_noop("{count} unlabelled pictures are not used: without a teacher only labels teach."),
                    {"count": len(self.rows.unlabeled)},
                ),
            )

    def training_rows(self, taught: bool) -> NDArray[np.int64]:
        """Labelled rows, and the unlabelled ones where a teacher says what they show."""
        return np.concatenate([self.rows.train, self.rows.unlabeled]) if taught else self.rows.train

    def samples(self) -> int:
        """Pictures that the student sees in an epoch."""
        return len(self.training_rows(self.context.spec.teacher is not None))

    def adapt_teacher(self) -> None:
        """No teacher of this kind of task takes adapters."""

    def teacher_learned(self) -> dict[str, Any] | None:
        """Nothing."""
        return None

    def rows_of(self, split: Literal["train", "val"]) -> NDArray[np.int64]:
        """Labelled rows of a split."""
        return self.rows.train if split == "train" else self.rows.val

    def plain(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Pixels of the pack."""
        return self.pack.pictures[rows].astype(np.float32)

    def material(self) -> Material:
        """The held-out pictures, for people to look at."""
        return Material(self.data.files(), self.pack.pictures, self.rows.val, self.classes)

    def files(self) -> dict[str, bytes]:
        """None: a picture is prepared as the configuration says."""
        return {}

    def facts(self) -> dict[str, Any]:
        """Counts of pictures, and what was left out."""
        unreadable = self.pack.unreadable
        return {
            "unreadable": {
                "count": len(unreadable),
                "total": self.total,
                "named": [
                    {"path": shown(entry.path), "reason": entry.reason.as_json()} for entry in unreadable[:NAMED]
                ],
            },
            "pictures": {
                "train": len(self.rows.train),
                "unlabeled": len(self.rows.unlabeled),
                "val": len(self.rows.val),
            },
            "split": self.data.dataset.split,
        }
