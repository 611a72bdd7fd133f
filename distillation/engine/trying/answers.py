"""What a model is asked about and what it answers, as JSON values for the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distillation.contract.sentence import Sentence
from distillation.contract.trial import MOST_CLASSES


@dataclass(frozen=True, slots=True)
class Input:
    """A text, or a picture's file."""

    text: str = ""
    path: Path = Path()
    name: str = ""
    """As its owner calls it."""
    size: tuple[int, int] = (0, 0)
    """Width and height of the upright picture."""
    problem: dict[str, Any] | None = None
    """Why it cannot be read."""


@dataclass(frozen=True, slots=True)
class Found:
    """One object in a picture, in pixels of the upright picture."""

    name: str
    score: float
    box: Sequence[float]
    outline: Sequence[float] = ()
    """x, y, x, y, … for masks."""

    def as_json(self) -> dict[str, Any]:
        """For the page."""
        outline = [round(float(side), 1) for side in self.outline]
        return {
            "class": self.name,
            "score": round(float(self.score), 4),
            "box": [round(float(side), 1) for side in self.box],
            **({"outline": outline} if outline else {}),
        }


def bars(classes: Sequence[str], probabilities: Sequence[float]) -> dict[str, Any]:
    """The likeliest classes, the surest first."""
    ranked = sorted(zip(probabilities, classes, strict=True), key=lambda pair: -pair[0])[:MOST_CLASSES]
    return {"bars": [[name, round(float(share), 4)] for share, name in ranked]}


def problem(sentence: Sentence, path: Path, name: str) -> dict[str, Any]:
    """A sentence about a stored file, with the name that its owner knows in place of ours."""
    params = {
        key: value.replace(str(path), name).replace(path.name, name) if isinstance(value, str) else value
        for key, value in sentence.params.items()
    }
    return Sentence(sentence.template, params).as_json()
