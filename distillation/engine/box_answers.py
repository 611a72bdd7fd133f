"""The boxes that a teacher finds in the clean pictures of a run, kept in the pixels of each picture.

Each picture is asked once, whatever views the student sees of it: boxes move with a picture, answers to anchors do not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.datasets import pictures
from distillation.datasets.layout import shown
from distillation.engine import answer_cache, atomic, drawing, frozen_data, teacher_cache, teachers, throughput
from distillation.engine.answer_cache import Shape, TeacherOutputs
from distillation.engine.context import Context
from distillation.engine.detection.matching import FoundBoxes
from distillation.engine.frozen_data import FrozenData
from distillation.engine.teachers import TeacherSource
from distillation.engine.teachers.box_teacher import LEAST_SCORE, MOST, OVERLAP, Picture, at_once
from distillation.engine.teachers.source import of_one_shape

PREVIEWS = 3
"""Pictures that are drawn before the whole pass."""
_READ_AT_ONCE = 16
"""Pictures in memory, prepared: of a megapixel each 200 MB. Fixed, so that answers do not depend on the batch size."""
Look = Callable[[Sequence[int]], list[FoundBoxes]]
"""From rows to what the teacher finds there."""


def open_boxes(
    context: Context, data: FrozenData, source: TeacherSource, skipped: frozenset[int], previewed: Sequence[int]
) -> TeacherOutputs:
    """Open ``boxes`` (float32 ``[rows, MOST, 6]``: box, score, class) and ``counts`` (int32 ``[rows]``).

    Asks what is missing; before that, the teacher's boxes on the rows ``previewed`` are drawn. ``skipped`` rows are
    unreadable and count as empty. Raises Refused, DataChanged, Stopped, OSError (a full disk).
    """
    least = LEAST_SCORE[source.kind]
    outputs = answer_cache.open_answers(
        context,
        f"boxes/1/{source.identity}/{data.digest}/{least}/{OVERLAP}",
        lambda: {"boxes": Shape((MOST, 6), np.float32), "counts": Shape((), np.int32)},
        data.rows,
        lambda: _Answerer(context, data, source, skipped, previewed),
    )
    _preview(context, data, source, previewed, lambda rows: [found_in(outputs, row) for row in rows])
    return outputs


def found_in(outputs: TeacherOutputs, row: int) -> FoundBoxes:
    """What is kept of a row, the surest first."""
    count = int(outputs.arrays["counts"][row])
    rows = np.array(outputs.arrays["boxes"][row, :count])
    return FoundBoxes(rows[:, :4], rows[:, 4], rows[:, 5].astype(np.int64))


class _Answerer:
    """A teacher of boxes in memory."""

    def __init__(
        self,
        context: Context,
        data: FrozenData,
        source: TeacherSource,
        skipped: frozenset[int],
        previewed: Sequence[int],
    ) -> None:
        self._context, self._data, self._source, self._skipped = context, data, source, skipped
        self._loaded = teachers.load_boxes(source, context.spec.device)
        self._files = data.files()
        _preview(context, data, source, previewed, self._find)

    def answer(self, items: range) -> dict[str, NDArray[Any]]:
        """The boxes of rows; none for those that cannot be read."""
        boxes, counts = np.zeros((len(items), MOST, 6), np.float32), np.zeros(len(items), np.int32)
        rows = [row for row in items if row not in self._skipped]
        for begin in range(0, len(rows), _READ_AT_ONCE):
            self._context.stop.check()
            some = rows[begin : begin + _READ_AT_ONCE]
            for row, found in zip(some, self._find(some), strict=True):
                place, count = row - items.start, len(found.scores)
                boxes[place, :count] = np.column_stack([found.boxes, found.scores, found.labels])
                counts[place] = count
        teacher_cache.require_finite(self._source.name, boxes)
        return {"boxes": boxes, "counts": counts}

    def about(self) -> dict[str, Any]:
        """Name, size and speed with as many pictures as were asked at once."""
        rows = [row for row in range(self._data.rows) if row not in self._skipped]
        batch = of_one_shape([picture.pixels for picture in self._read(rows[:_READ_AT_ONCE])])
        batch = batch[: at_once(batch[0])].to(self._context.spec.device)
        speed = throughput.measure(self._loaded.model, batch, self._context.stop)
        return teacher_cache.about(self._source, self._loaded.parameters, speed)

    def _find(self, rows: Sequence[int]) -> list[FoundBoxes]:
        return self._loaded.find(self._read(rows), self._context.spec.device)

    def _read(self, rows: Sequence[int]) -> list[Picture]:
        with ThreadPoolExecutor(self._context.spec.threads) as pool:
            return list(pool.map(self._read_one, rows))

    def _read_one(self, row: int) -> Picture:
        path, sample = self._files[row]
        frozen_data.require_unchanged(path, sample)
        return self._loaded.read(path)


def _preview(context: Context, data: FrozenData, source: TeacherSource, rows: Sequence[int], look: Look) -> None:
    """Draw what the teacher finds, once a run: somebody who looks early need not wait for a teacher that errs."""
    folder = context.run_dir.teacher_pictures
    targets = [folder / f"{number}.jpg" for number, _ in enumerate(rows, start=1)]
    if all(target.is_file() for target in targets):
        return
    files = data.files()
    for row, target, found in zip(rows, targets, look(rows), strict=True):
        path, sample = files[row]
        frozen_data.require_unchanged(path, sample)
        captions = [
            f"{data.classes[label]} {score:.2f}" for label, score in zip(found.labels, found.scores, strict=True)
        ]
        atomic.write_bytes(target, drawing.jpeg(pictures.open_picture(path, 3), found.boxes, captions))
    context.events.log(
        "info",
        Sentence(
            gettext_noop("What the teacher {name} finds in the pictures {pictures} is drawn in {files}."),
            {
                "name": shown(source.name),
                "pictures": ", ".join(shown(files[row][1].path) for row in rows),
                "files": ", ".join(str(target.relative_to(context.run_dir.root)) for target in targets),
            },
        ),
    )
