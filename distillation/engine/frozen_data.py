"""The data set of pictures as the first attempt found it: later attempts train on the same files or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.datasets import pictures
from distillation.datasets.layout import shown
from distillation.datasets.samples import DataSet, Sample
from distillation.engine import atomic, run_data
from distillation.engine.context import Context
from distillation.engine.failures import DataChanged

VERSION = 2
SPLITS = ("train", "unlabeled", "val")


@dataclass(frozen=True, slots=True)
class FrozenData:
    """The files of a run; a *row* is a position in train, then unlabeled, then val."""

    dataset: DataSet
    channels: int
    """1 when no picture holds colour, else 3."""
    digest: str
    """Of files and annotations: part of every cache key."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the labels."""
        return self.dataset.classes

    @property
    def samples(self) -> tuple[Sample, ...]:
        """Every picture in row order."""
        return (*self.dataset.train, *self.dataset.unlabeled, *self.dataset.val)

    @property
    def rows(self) -> int:
        """Number of pictures."""
        return self.first_val + len(self.dataset.val)

    @property
    def first_unlabeled(self) -> int:
        """The first row of the unlabelled pictures."""
        return len(self.dataset.train)

    @property
    def first_val(self) -> int:
        """The first row of the held-out pictures."""
        return len(self.dataset.train) + len(self.dataset.unlabeled)

    def files(self) -> list[tuple[Path, Sample]]:
        """Path and sample of every row."""
        return list(_files(self.dataset))


def freeze(context: Context) -> FrozenData:
    """Read the data set; write ``data.json`` on the first attempt, compare with it on later ones.

    Raises Refused for a layout that is wrong and DataChanged, naming files, when the data set is another now.
    """
    found = cast(DataSet, run_data.read(context.home, context.spec))
    frozen = atomic.read_json(context.run_dir.data)
    if frozen is None:
        frozen = {
            "version": VERSION,
            "digest": found.digest,
            "channels": _channels(found, context),
            "layout": found.layout,
            "split": found.split,
            "classes": list(found.classes),
            "findings": [[finding.kind, finding.count] for finding in found.findings],
            **{split: _listed(getattr(found, split)) for split in SPLITS},
        }
        atomic.write_json(context.run_dir.data, frozen)
    elif frozen["digest"] != found.digest:
        raise _changed(frozen, found)
    for finding in found.findings:
        context.events.log("warning", finding.sentence)
    return FrozenData(found, int(frozen["channels"]), found.digest)


def require_unchanged(path: Path, sample: Sample) -> None:
    """Compare a file with its sample right before it is read. Raises DataChanged."""
    try:
        stat = path.stat()
    except OSError:
        raise _files_changed([sample.path]) from None
    if (stat.st_size, stat.st_mtime_ns) != (sample.size, sample.mtime_ns):
        raise _files_changed([sample.path])


def _files(dataset: DataSet) -> Iterator[tuple[Path, Sample]]:
    for sample in (*dataset.train, *dataset.unlabeled):
        yield dataset.root / sample.path, sample
    for sample in dataset.val:
        yield dataset.val_root / sample.path, sample


def _listed(samples: tuple[Sample, ...]) -> list[list[Any]]:
    return [[sample.path, sample.size, sample.mtime_ns] for sample in samples]


def _channels(dataset: DataSet, context: Context) -> int:
    """Look for colour; the first coloured picture ends the search. Unreadable ones are reported later."""
    for path, sample in _files(dataset):
        context.stop.check()
        require_unchanged(path, sample)
        try:
            if not pictures.is_grey(path):
                return 3
        except pictures.Unreadable:
            continue
    return 1


def _changed(frozen: dict[str, Any], now: DataSet) -> DataChanged:
    changed = []
    for split in SPLITS:
        before = {tuple(entry) for entry in frozen[split]}
        after = {tuple(entry) for entry in _listed(getattr(now, split))}
        changed += sorted({str(entry[0]) for entry in before ^ after})
    if changed:
        return _files_changed(changed)
    return DataChanged(
        Sentence(
            gettext_noop(
                "The labels of the data set changed since the run began. Put its annotation files back as they were, "
                "or start the task afresh."
            )
        )
    )


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
