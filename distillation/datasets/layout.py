"""How an image-folder data set lies on disk, and what can be wrong with it.

``train/<class>/``, ``val/<class>/`` and perhaps ``unlabeled/``. Walks directories; never opens a picture.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from distillation.contract.sentence import Refused, Sentence, gettext_noop

EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif"})
TRAIN, VAL, UNLABELED = "train", "val", "unlabeled"

NAMED = 20
"""Sentences name at most this many files or classes."""


def shown(name: str) -> str:
    """A file name that can be stored and shown: bytes that are not UTF-8 become question marks."""
    return name.encode("utf-8", "replace").decode()


def named(names: Iterable[str]) -> str:
    """``a, b, c`` for a sentence; a long list is cut with an ellipsis."""
    every = [shown(name) for name in names]
    return ", ".join(every[:NAMED]) + (", …" if len(every) > NAMED else "")


def sub_folders(folder: Path) -> list[str]:
    """Names of the visible folders directly in ``folder``, sorted. Raises OSError."""
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir())


def require_inside(path: Path, root: Path) -> Path:
    """Return the real path of ``path``. Raises Refused when a link leads out of ``root``."""
    real = path.resolve()
    if real.is_relative_to(root.resolve()):
        return real
    raise Refused(
        Sentence(
            gettext_noop(
                "The link {path} in the data set {root} leads out of the data set. Copy the pictures into the data set."
            ),
            {"path": shown(path.relative_to(root).as_posix()), "root": shown(root.name)},
        )
    )


def walk(folder: Path, root: Path, extensions: Collection[str] = EXTENSIONS) -> Iterator[os.DirEntry[str]]:
    """Yield the pictures below ``folder`` (or other files by ``extensions``) in no order; hidden names are ignored.

    Raises Refused for links that leave ``root`` or lead to a folder that another link has led to (a loop),
    OSError for what cannot be listed.
    """
    entered = {require_inside(folder, root)}
    pending = [str(folder)]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_symlink():
                    _follow(Path(entry.path), root, entered)
                if entry.is_dir():
                    pending.append(entry.path)
                elif os.path.splitext(entry.name)[1].lower() in extensions and entry.is_file():  # noqa: PTH122 - hot
                    yield entry


def _follow(link: Path, root: Path, entered: set[Path]) -> None:
    target = require_inside(link, root)
    if not target.is_dir():
        return
    if target in entered:
        raise Refused(
            Sentence(
                gettext_noop("The link {path} in the data set {root} leads in a circle. Remove it."),
                {"path": shown(link.relative_to(root).as_posix()), "root": shown(root.name)},
            )
        )
    entered.add(target)


def missing_folder(root: Path) -> Sentence:
    """Say that there is no such data set, and which ones lie beside it."""
    try:
        beside = sub_folders(root.parent)
    except OSError:
        beside = []
    return Sentence(
        gettext_noop("There is no data set folder {name} in {parent}; found there: {found}."),
        {"name": shown(root.name), "parent": shown(root.parent.name), "found": named(beside) or "–"},
    )


def missing_split(root: Path, split: str) -> Sentence:
    """Say that ``train/`` or ``val/`` is absent, and what is there instead."""
    return Sentence(
        gettext_noop(
            "The data set {root} has no folder {split}/; found there: {found}. Put a folder for each class into "
            "{split}/."
        ),
        {"root": shown(root.name), "split": split, "found": named(sub_folders(root)) or "–"},
    )


def split_problems(root: Path, split: str, counts: Mapping[str, int]) -> list[Sentence]:
    """What is wrong with one split by itself; ``counts`` maps class folders to numbers of pictures."""
    if not counts:
        return [
            Sentence(
                gettext_noop(
                    "The folder {split}/ of the data set {root} has no class folder. Make one folder for each "
                    "class in it."
                ),
                {"root": shown(root.name), "split": split},
            )
        ]
    empty = [name for name, count in counts.items() if not count]
    if not empty:
        return []
    return [
        Sentence(
            gettext_noop(
                "Class folders without pictures in {split}/ of the data set {root}: {classes}. "
                "Add pictures ({extensions}) or remove the folders."
            ),
            {
                "root": shown(root.name),
                "split": split,
                "classes": named(empty),
                "extensions": " ".join(sorted(EXTENSIONS)),
            },
        )
    ]


def agreement_problems(root: Path, val_root: Path, train: Iterable[str], val: Iterable[str]) -> list[Sentence]:
    """Where the classes of ``train/`` and ``val/`` differ."""
    train, val = set(train), set(val)
    problems = []
    if unknown := sorted(val - train):
        problems.append(
            Sentence(
                gettext_noop(
                    "val/ of the data set {val_root} has classes that train/ of {root} does not have: {classes}. "
                    "Rename them or remove them from val/."
                ),
                {"root": shown(root.name), "val_root": shown(val_root.name), "classes": named(unknown)},
            )
        )
    if absent := sorted(train - val):
        problems.append(
            Sentence(
                gettext_noop(
                    "train/ of the data set {root} has classes that val/ of {val_root} does not have: {classes}. "
                    "Add held-out pictures of them to val/."
                ),
                {"root": shown(root.name), "val_root": shown(val_root.name), "classes": named(absent)},
            )
        )
    return problems
