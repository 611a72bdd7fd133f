"""A data set at a glance, for lists and for checks when a task is created.

Counts directory entries and small label files and never opens a picture, so that a web request can afford it;
never raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from distillation.contract.sentence import Refused, Sentence
from distillation.datasets import annotation_counts, counts, description, folders, layout, recognition, table_counts
from distillation.datasets.counts import Counts
from distillation.datasets.recognition import Recognised

_TABLES = frozenset({"list", "sequence", "text"})


@dataclass(frozen=True, slots=True)
class Outline:
    """What a data set holds, and what stands in the way of training on it."""

    id: str
    """The folder's name."""
    name: str
    description: str
    type: str
    """The likeliest type of task; ``classification`` where nothing was recognised."""
    classes: tuple[str, ...]
    """Empty when they are unknown: label files may be too large to be read for a glance."""
    train: int
    """Labelled samples to learn from."""
    val: int
    unlabeled: int
    train_per_class: tuple[int, ...]
    """Empty when unknown."""
    problems: tuple[Sentence, ...]
    layout: str = folders.NAME
    task_types: tuple[str, ...] = ("classification",)
    """Every type of task that the files can serve."""

    @property
    def usable(self) -> bool:
        """Whether a run on it can start."""
        return not self.problems


def outline(root: Path, val_root: Path | None = None) -> Outline:
    """Count classes and samples of the data set at ``root``; what is wrong is listed, not raised."""
    problems: list[Sentence] = []
    found, counted = recognition.FOLDERS, Counts()
    try:
        found = recognition.recognise(root) or found
        counted = _count(found, root, val_root or root, problems)
    except Refused as refusal:
        problems.append(refusal.sentence)
    except (OSError, ValueError, RecursionError) as error:  # ValueError: a path with a null byte
        problems.append(recognition.cannot_be_listed(root, error))
    about = description.read(root)
    return Outline(
        id=root.name,
        name=about.name or root.name,
        description=about.description,
        type=found.task_type,
        classes=counted.classes,
        train=counted.train,
        val=counted.val,
        unlabeled=counted.unlabeled,
        train_per_class=counted.train_per_class,
        problems=tuple(problems),
        layout=found.layout,
        task_types=found.task_types,
    )


def _count(found: Recognised, root: Path, val_root: Path, problems: list[Sentence]) -> Counts:
    if found.layout == folders.NAME:
        return _count_folders(root, val_root, problems)
    if found.layout in _TABLES:
        return table_counts.count(found.layout, root, val_root)
    return annotation_counts.count(found.layout, root, val_root, found.task_type)


def _count_folders(root: Path, val_root: Path, problems: list[Sentence]) -> Counts:
    train = _count_split(root, layout.TRAIN, problems)
    if val_root == root and root.is_dir() and folders.holds_out_by_itself(root):
        val = counts.held_out(train)
        train = {name: count - val[name] for name, count in train.items()}
    else:
        val = _count_split(val_root, layout.VAL, problems)
        if not problems:
            problems += layout.agreement_problems(root, val_root, train, val)
    unlabeled = counts.unlabeled_pictures(root)
    return Counts(tuple(train), sum(train.values()), sum(val.values()), unlabeled, tuple(train.values()))


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
    counts_by_class = {name: sum(1 for _ in layout.walk(folder / name, root)) for name in layout.sub_folders(folder)}
    problems += layout.split_problems(root, split, counts_by_class)
    return counts_by_class
