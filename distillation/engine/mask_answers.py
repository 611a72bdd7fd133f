"""The masks that a teacher draws into the marked boxes of a run's pictures, kept in the student's square.

Each picture is asked once, at its own size, whatever views the student sees of it: masks move with a picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import NAMED, shown
from distillation.datasets.samples import IGNORED, Objects, Sample
from distillation.engine import answer_cache, frozen_data, teacher_cache, teachers, throughput
from distillation.engine.answer_cache import Shape, TeacherOutputs
from distillation.engine.augmentation.labelled import DrawnMap
from distillation.engine.context import Context
from distillation.engine.detection import letterbox
from distillation.engine.frozen_data import FrozenData
from distillation.engine.teachers import TeacherSource

LEAST_FILL = 0.01
"""Of a box's pixels: a smaller mask in it shows nothing."""
LEAST_SHARE = 0.5
"""Of the boxes of the training pictures: a teacher that leaves more of them empty is refused."""


def open_masks(context: Context, data: FrozenData, source: TeacherSource, skipped: frozenset[int]) -> TeacherOutputs:
    """Open ``classes`` (uint8) and ``logits`` (float32), ``[rows, size, size]``, and ``counts``; ask what is missing.

    ``counts`` (int32 ``[rows, classes, 2]``): boxes of each class, and masks that were drawn into them. IGNORED where
    nobody knows: at the border, and in rows that are unlabelled or ``skipped`` as unreadable. Raises Refused,
    DataChanged, Stopped, OSError (a full disk).
    """
    size, classes = context.spec.student.image_size, len(data.classes)
    shapes = {
        "classes": Shape((size, size), np.uint8),
        "logits": Shape((size, size), np.float32),
        "counts": Shape((classes, 2), np.int32),
    }
    return answer_cache.open_answers(
        context,
        f"masks/1/{source.identity}/{data.digest}/{size}/{LEAST_FILL}",
        lambda: shapes,
        data.rows,
        lambda: _Answerer(context, data, source, skipped),
    )


def drawn_in(outputs: TeacherOutputs, row: int) -> DrawnMap:
    """What is kept of a row."""
    return DrawnMap(outputs.arrays["classes"][row], outputs.arrays["logits"][row])


def prompts(sample: Sample) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Boxes ``[n, 4]`` and classes of what is marked on a picture; its background is no object."""
    target = sample.target
    if not isinstance(target, Objects):
        return np.zeros((0, 4), np.float32), np.zeros(0, np.int64)
    things = target.labels > 0
    return target.boxes.reshape(-1, 4)[things], target.labels[things].astype(np.int64)


def require_enough(name: str, outputs: TeacherOutputs, rows: NDArray[np.int64], classes: Sequence[str]) -> None:
    """Refuse a teacher that draws next to nothing into the boxes of ``rows``. Raises Refused with the counts."""
    counts = np.asarray(outputs.arrays["counts"][rows]).sum(axis=0)
    boxes, drawn = counts.sum(axis=0).tolist()
    if boxes and drawn >= LEAST_SHARE * boxes:
        return
    listed = [f"{shown(label)}: {done}/{of}" for label, (of, done) in zip(classes, counts.tolist(), strict=True) if of]
    raise Refused(
        Sentence(
            gettext_noop(
                "The teacher {name} draws too little to teach: a mask into {drawn} of {boxes} boxes in {pictures} "
                "training pictures ({per_class}); at least {least} % are needed. Look at the boxes, or choose another "
                "SAM model."
            ),
            {
                "name": shown(name),
                "drawn": drawn,
                "boxes": boxes,
                "pictures": len(rows),
                "per_class": ", ".join(listed[:NAMED]) or "–",
                "least": round(100 * LEAST_SHARE),
            },
        )
    )


class _Answerer:
    """A teacher of masks in memory."""

    def __init__(self, context: Context, data: FrozenData, source: TeacherSource, skipped: frozenset[int]) -> None:
        self._context, self._data, self._source, self._skipped = context, data, source, skipped
        self._loaded = teachers.load_masks(source, context.spec.device)
        self._files = data.files()

    def answer(self, items: range) -> dict[str, NDArray[Any]]:
        """The masks of rows in the student's square."""
        size = self._context.spec.student.image_size
        blocks: dict[str, NDArray[Any]] = {
            "classes": np.full((len(items), size, size), IGNORED, np.uint8),
            "logits": np.zeros((len(items), size, size), np.float32),
            "counts": np.zeros((len(items), len(self._data.classes), 2), np.int32),
        }
        for row in self._labelled(items):
            self._context.stop.check()
            path, sample = self._files[row]
            frozen_data.require_unchanged(path, sample)
            boxes, labels = prompts(sample)
            found = self._loaded.draw(self._loaded.read(path, boxes), labels, self._context.spec.device)
            place = row - items.start
            blocks["classes"][place] = letterbox.fitted_map(found.classes, size)
            blocks["logits"][place] = letterbox.fitted_map(found.logits, size, 0.0)
            filled = found.areas >= LEAST_FILL * (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
            done = np.stack([np.ones_like(filled), filled], axis=1).astype(np.int32)
            np.add.at(blocks["counts"][place], labels, done)
        teacher_cache.require_finite(self._source.name, blocks["logits"])
        return blocks

    def about(self) -> dict[str, Any]:
        """Name, size and speed with one box that holds the whole picture."""
        path, _ = self._files[next(iter(self._labelled(range(self._data.rows))))]
        pixels = self._loaded.read(path, np.zeros((0, 4), np.float32)).pixels[None].to(self._context.spec.device)
        speed = throughput.measure(self._loaded.model, pixels, self._context.stop)
        return teacher_cache.about(self._source, self._loaded.parameters, speed)

    def _labelled(self, items: Iterable[int]) -> Iterable[int]:
        return (row for row in items if row not in self._skipped and self._files[row][1].target is not None)
