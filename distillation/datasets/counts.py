"""How many samples of which classes a data set has, as far as a web request can afford to find out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from distillation.datasets import layout, splitting

MAX_BYTES = 64 << 20
"""Larger label files are not read for counts: what they would say stays unknown."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What is known without opening pictures."""

    classes: tuple[str, ...] = ()
    """Empty when they are unknown."""
    train: int = 0
    """Labelled samples to learn from; 0 when unknown."""
    val: int = 0
    unlabeled: int = 0
    train_per_class: tuple[int, ...] = ()
    """In the order of the classes; empty when unknown."""


def held_out(per_class: Mapping[str, int]) -> dict[str, int]:
    """How many of each class ``splitting`` takes where no validation data is given."""
    return {
        name: min(count - 1, max(1, round(splitting.SHARE * count))) if count > 1 else 0
        for name, count in per_class.items()
    }


def unlabeled_pictures(root: Path) -> int:
    """Pictures below ``unlabeled/``. Raises Refused and OSError."""
    folder = root / layout.UNLABELED
    return sum(1 for _ in layout.walk(folder, root)) if folder.is_dir() else 0
