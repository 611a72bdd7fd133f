"""A data set at a glance, for lists and for checks when a task is created.

Counts directory entries and never opens a picture, so that a web request can afford it; never raises.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import layout

DESCRIPTION_FILE = "dataset.json"


@dataclass(frozen=True, slots=True)
class Outline:
    """What a data set holds, and what stands in the way of training on it."""

    id: str
    """The folder's name."""
    name: str
    description: str
    type: str
    """Always ``classification`` in this version."""
    classes: tuple[str, ...]
    train: int
    """Labelled pictures to learn from."""
    val: int
    unlabeled: int
    train_per_class: tuple[int, ...]
    problems: tuple[Sentence, ...]

    @property
    def usable(self) -> bool:
        """Whether a run on it can start."""
        return not self.problems


def outline(root: Path, val_root: Path | None = None) -> Outline:
    """Count classes and pictures of the data set at ``root``; what is wrong is listed, not raised."""
    val_root = val_root or root
    problems: list[Sentence] = []
    train: dict[str, int] = {}
    val: dict[str, int] = {}
    unlabeled = 0
    try:
        train = _count_split(root, layout.TRAIN, problems)
        val = _count_split(val_root, layout.VAL, problems)
        if not problems:
            problems += layout.agreement_problems(root, val_root, train, val)
        if (root / layout.UNLABELED).is_dir():
            unlabeled = sum(1 for _ in layout.walk(root / layout.UNLABELED, root))
    except Refused as refusal:
        problems.append(refusal.sentence)
    except (OSError, ValueError) as error:  # ValueError: a path with a null byte
        problems.append(
            Sentence(
                gettext_noop("The data set {root} cannot be listed ({error}). Check the permissions of its folders."),
                {"root": layout.shown(root.name), "error": layout.shown(str(error))},
            )
        )
    about = _about(root)
    return Outline(
        id=root.name,
        name=_text(about, "name") or root.name,
        description=_text(about, "description"),
        type="classification",
        classes=tuple(train),
        train=sum(train.values()),
        val=sum(val.values()),
        unlabeled=unlabeled,
        train_per_class=tuple(train.values()),
        problems=tuple(problems),
    )


def _count_split(root: Path, split: str, problems: list[Sentence]) -> dict[str, int]:
    if not root.is_dir():
        sentence = layout.missing_folder(root)
        if sentence not in problems:
            problems.append(sentence)
        return {}
    folder = root / split
    if not folder.is_dir():
        problems.append(layout.missing_split(root, split))
        return {}
    layout.require_inside(folder, root)
    counts = {name: sum(1 for _ in layout.walk(folder / name, root)) for name in layout.sub_folders(folder)}
    problems += layout.split_problems(root, split, counts)
    return counts


def _about(root: Path) -> dict[str, Any]:
    """``dataset.json`` is a courtesy: one that cannot be read costs the display name, nothing else."""
    try:
        about = json.loads((root / DESCRIPTION_FILE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return about if isinstance(about, dict) else {}


def _text(about: dict[str, Any], key: str) -> str:
    value = about.get(key)
    return value.strip() if isinstance(value, str) else ""
