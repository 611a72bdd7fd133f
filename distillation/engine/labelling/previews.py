"""A few of a job's pictures with what the model found drawn in: people look before they use the labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from distillation.datasets import pictures
from distillation.datasets.writing.labels import LabelledPicture
from distillation.engine import atomic, drawing

COUNT = 6
FOLDER = "pictures"
"""In the job's own folder."""


def draw(job: Path, root: Path, labelled: Iterable[LabelledPicture], classes: Sequence[str]) -> list[str]:
    """Draw the first pictures below ``root`` that have boxes; return the files, relative to ``job``.

    A picture that has gone since it was labelled is passed over. Raises OSError (a full disk).
    """
    drawn: list[str] = []
    for one in labelled:
        if len(drawn) == COUNT:
            break
        found = [label for label in one.labels if label.box]
        if not found:
            continue
        try:
            picture = pictures.open_picture(root / one.path, 3)
        except (pictures.Unreadable, OSError):
            continue
        boxes = np.array([label.box for label in found], np.float32)
        captions = [f"{classes[label.number]} {label.score:.2f}" for label in found]
        drawn.append(f"{FOLDER}/{len(drawn) + 1}.jpg")
        atomic.write_bytes(job / drawn[-1], drawing.jpeg(picture, boxes, captions, [label.outline for label in found]))
    return drawn
