"""The full list of a data set's pictures, as the engine freezes it at the start of a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import layout

UNLABELLED = -1


@dataclass(frozen=True, slots=True)
class Item:
    """One picture."""

    path: str
    """Relative to the data set's root, with forward slashes."""
    label: int
    """Index into the classes; UNLABELLED (-1) below ``unlabeled/``."""
    size: int
    """Bytes."""
    mtime_ns: int
    """Time of the last change, nanoseconds since 1970."""


@dataclass(frozen=True, slots=True)
class ImageFolder:
    """A data set; items are sorted by class, then by path."""

    root: Path
    val_root: Path
    """Where the paths of ``val`` start; usually the same as ``root``."""
    classes: tuple[str, ...]
    train: tuple[Item, ...]
    val: tuple[Item, ...]
    unlabeled: tuple[Item, ...]


def scan(root: Path, val_root: Path | None = None) -> ImageFolder:
    """List every picture of the data set at ``root``, with ``val/`` taken from ``val_root`` where that is given.

    Raises Refused with a sentence for each way in which the layout can be wrong, also for what cannot be read.
    """
    val_root = val_root or root
    try:
        classes, train = scan_split(root, layout.TRAIN)
        val_classes, val = scan_split(val_root, layout.VAL)
        unlabeled = _pictures(root / layout.UNLABELED, root, UNLABELLED)
    except OSError as error:
        raise _cannot_be_read(root, error) from error
    if problems := layout.agreement_problems(root, val_root, classes, val_classes):
        raise Refused(problems[0])
    return ImageFolder(root, val_root, classes, train, val, unlabeled)


def scan_split(root: Path, split: str) -> tuple[tuple[str, ...], tuple[Item, ...]]:
    """List the classes and pictures of ``root/split/<class>/``. Raises Refused and OSError."""
    if not root.is_dir():
        raise Refused(layout.missing_folder(root))
    folder = root / split
    if not folder.is_dir():
        raise Refused(layout.missing_split(root, split))
    layout.require_inside(folder, root)
    classes = tuple(layout.sub_folders(folder))
    by_class = [_pictures(folder / name, root, index) for index, name in enumerate(classes)]
    counts = {name: len(items) for name, items in zip(classes, by_class, strict=True)}
    if problems := layout.split_problems(root, split, counts):
        raise Refused(problems[0])
    return classes, tuple(item for items in by_class for item in items)


def _pictures(folder: Path, root: Path, label: int) -> tuple[Item, ...]:
    if not folder.is_dir():
        return ()
    prefix = len(str(root)) + 1
    items = []
    for entry in layout.walk(folder, root):
        stat = entry.stat()
        items.append(Item(Path(entry.path[prefix:]).as_posix(), label, stat.st_size, stat.st_mtime_ns))
    return tuple(sorted(items, key=lambda item: item.path))


def _cannot_be_read(root: Path, error: OSError) -> Refused:
    return Refused(
        Sentence(
            gettext_noop(
                "The data set {root} cannot be read ({error}). Check that its files still exist and may be read."
            ),
            {"root": layout.shown(root.name), "error": layout.shown(str(error))},
        )
    )
