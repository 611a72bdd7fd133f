"""What a model says about one picture, whatever the format in which it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Label:
    """One class, of the whole picture or of one object in it."""

    number: int
    """Index into the model's classes."""
    score: float
    """0 to 1."""
    box: Box | None = None
    """Left, top, right, bottom in pixels of the upright picture; None for the whole picture."""
    outline: tuple[float, ...] = ()
    """x, y, x, y, … of the polygon in the box that a segmentation model has found; empty for a plain box."""

    @classmethod
    def outlined(cls, number: int, score: float, polygon: NDArray[np.float64]) -> Label:
        """A label of a polygon ``[k, 2]``, with the box around it."""
        box = (*polygon.min(axis=0).tolist(), *polygon.max(axis=0).tolist())
        return cls(number, score, box, tuple(polygon.reshape(-1).tolist()))

    @property
    def points(self) -> list[list[float]]:
        """The polygon as pairs."""
        return [[x, y] for x, y in zip(self.outline[0::2], self.outline[1::2], strict=True)]


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """A picture that was labelled."""

    path: str
    """Relative to the folder of pictures, with forward slashes."""
    stem: str
    """The path under which its labels are written, without a suffix."""
    width: int
    """Of the upright picture (EXIF rotation applied), in pixels."""
    height: int
    labels: tuple[Label, ...]

    def as_json(self) -> dict[str, Any]:
        """A short form for a line of a file."""
        labels = [[label.number, label.score, *(label.box or ()), *label.outline] for label in self.labels]
        return {"path": self.path, "stem": self.stem, "size": [self.width, self.height], "labels": labels}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> LabelledPicture:
        """Read what :meth:`as_json` wrote. Raises KeyError, ValueError or TypeError on anything else."""
        width, height = value["size"]
        labels = tuple(
            Label(int(number), float(score), (box[0], box[1], box[2], box[3]) if box else None, tuple(box[4:]))
            for number, score, *box in value["labels"]
        )
        return cls(str(value["path"]), str(value["stem"]), int(width), int(height), labels)
