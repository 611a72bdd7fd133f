"""The data set as the first attempt found it: later attempts train on the same files or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.datasets import image_folder, pictures
from distillation.datasets.image_folder import ImageFolder, Item
from distillation.datasets.layout import shown
from distillation.engine import atomic
from distillation.engine.context import Context
from distillation.engine.failures import DataChanged

VERSION = 1


@dataclass(frozen=True, slots=True)
class FrozenData:
    """The files of a run; a *row* is a position in train, then unlabeled, then val."""

    folder: ImageFolder
    channels: int
    """1 when no picture holds colour, else 3."""
    digest: str
    """SHA-256 over data set paths, files, sizes and times: part of every cache key."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the labels."""
        return self.folder.classes

    @property
    def rows(self) -> int:
        """Number of pictures."""
        return len(self.folder.train) + len(self.folder.unlabeled) + len(self.folder.val)

    def files(self) -> list[tuple[Path, Item]]:
        """Path and index entry of every row."""
        return list(_files(self.folder))


def freeze(context: Context) -> FrozenData:
    """Scan the data set; write ``data.json`` on the first attempt, compare with it on later ones.

    Raises Refused for a layout that is wrong and DataChanged, naming files, when the data set is another now.
    """
    spec = context.spec.data
    folder = image_folder.scan(context.home / spec.path, context.home / spec.val_path)
    listed = _listed(folder)
    digest = hashlib.sha256(json.dumps([spec.path, spec.val_path, listed]).encode()).hexdigest()
    frozen = atomic.read_json(context.run_dir.data)
    if frozen is None:
        frozen = {"version": VERSION, "digest": digest, "channels": _channels(folder, context), **listed}
        atomic.write_json(context.run_dir.data, frozen)
    elif frozen["digest"] != digest:
        raise _changed(frozen, listed)
    return FrozenData(folder, int(frozen["channels"]), digest)


def require_unchanged(path: Path, item: Item) -> None:
    """Compare a file with its index entry right before it is read. Raises DataChanged."""
    try:
        stat = path.stat()
    except OSError:
        raise _files_changed([item.path]) from None
    if (stat.st_size, stat.st_mtime_ns) != (item.size, item.mtime_ns):
        raise _files_changed([item.path])


def _files(folder: ImageFolder) -> Iterator[tuple[Path, Item]]:
    for item in (*folder.train, *folder.unlabeled):
        yield folder.root / item.path, item
    for item in folder.val:
        yield folder.val_root / item.path, item


def _listed(folder: ImageFolder) -> dict[str, Any]:
    return {
        "classes": list(folder.classes),
        **{
            split: [[item.path, item.label, item.size, item.mtime_ns] for item in getattr(folder, split)]
            for split in ("train", "unlabeled", "val")
        },
    }


def _channels(folder: ImageFolder, context: Context) -> int:
    """Look for colour; the first coloured picture ends the search. Unreadable ones are reported later."""
    for path, item in _files(folder):
        context.stop.check()
        require_unchanged(path, item)
        try:
            if not pictures.is_grey(path):
                return 3
        except pictures.Unreadable:
            continue
    return 1


def _changed(frozen: dict[str, Any], now: dict[str, Any]) -> DataChanged:
    changed = []
    for split in ("train", "unlabeled", "val"):
        before = {tuple(item) for item in frozen[split]}
        after = {tuple(item) for item in now[split]}
        changed += sorted({str(item[0]) for item in before ^ after})
    return _files_changed(changed or ["train/", "val/"])


def _files_changed(paths: list[str]) -> DataChanged:
    return DataChanged(
        Sentence(
            gettext_noop(
                "{count} files of the data set changed since the run began, for example {example}. Put them back as "
                "they were, or start the task afresh."
            ),
            {"count": len(paths), "example": ", ".join(shown(path) for path in paths[:3])},
        )
    )
