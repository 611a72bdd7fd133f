"""From what a reader found below a root to a data set: split, duplicates, unlabelled pictures, findings, digest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import duplicates, file_index, layout, splitting
from distillation.datasets.file_index import Entry
from distillation.datasets.findings import Findings
from distillation.datasets.samples import BACKGROUND, ClassMap, DataSet, Finding, Objects, Sample
from distillation.datasets.shapes import RunLength


@dataclass(frozen=True, slots=True)
class Source:
    """Where a reader reads."""

    root: Path
    files: dict[str, Entry]
    """The pictures, without those below ``unlabeled/``."""
    task_type: str
    findings: Findings
    classes: tuple[str, ...] | None = None
    """For the validation data of another root: the classes that its labels must be given in."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader found below one root."""

    classes: tuple[str, ...]
    splits: dict[str, list[Sample]]
    """``train`` and, where one is given, ``val``; every list sorted by path."""


Reader = Callable[[Source], Reading]


def assemble(read: Reader, name: str, root: Path, val_root: Path | None, task_type: str) -> DataSet:
    """Make the data set of layout ``name``; ``val`` comes from ``val_root`` where that is another folder.

    There its validation split counts, or everything that is labelled where it has none. Raises Refused.
    """
    findings = Findings()
    try:
        files = _pictures(root)
        unlabeled = file_index.list_files(root / layout.UNLABELED, root)
        found = read(Source(root, file_index.labelled_only(files), task_type, findings))
        train, val = found.splits.get(layout.TRAIN, []), found.splits.get(layout.VAL)
        if val_root is None or val_root.resolve() == root.resolve():
            val_root = root
            train, val, how = _given_or_held_out(train, val)
        else:
            other = read(
                Source(val_root, file_index.labelled_only(_pictures(val_root)), task_type, findings, found.classes)
            )
            val, how = other.splits.get(layout.VAL) or other.splits.get(layout.TRAIN, []), "given"
        train = _without_leaks(root, train, val_root, val, findings)
    except (OSError, ValueError, RecursionError) as error:
        raise _cannot_be_read(root, error) from error
    reports = findings.as_tuple()
    _require_some(root, train, val, reports)
    _require_classes(root, found.classes)
    rest = [entry.sample(path, None) for path, entry in unlabeled.items()]
    return DataSet(
        task_type=task_type,
        layout=name,
        root=root,
        val_root=val_root,
        classes=found.classes,
        train=tuple(train),
        val=tuple(val),
        unlabeled=tuple(rest),
        findings=reports,
        split=how,
        digest=digest(found.classes, (train, val, rest)),
    )


def digest(classes: tuple[str, ...], splits: Iterable[Iterable[Sample]]) -> str:
    """SHA-256 over classes, paths, sizes, times and targets of splits in this order."""
    hasher = hashlib.sha256(repr(classes).encode("utf-8", "surrogatepass"))
    for samples in splits:
        hasher.update(b"\x00split")
        for sample in samples:
            line = f"\x00{sample.path}\x00{sample.size}\x00{sample.mtime_ns}\x00"
            hasher.update(line.encode("utf-8", "surrogatepass"))
            _hash_target(hasher, sample)
    return hasher.hexdigest()


def _hash_target(hasher: hashlib._Hash, sample: Sample) -> None:
    target = sample.target
    if isinstance(target, Objects):
        hasher.update(np.ascontiguousarray(target.labels).tobytes())
        hasher.update(np.ascontiguousarray(target.boxes).tobytes())
        for shape in target.shapes:
            parts = (shape.counts,) if isinstance(shape, RunLength) else shape
            for part in parts:
                hasher.update(f"{part.shape}".encode())
                hasher.update(np.ascontiguousarray(part).tobytes())
    elif isinstance(target, ClassMap):
        line = f"{target.path}\x00{target.size}\x00{target.mtime_ns}\x00{target.values}"
        hasher.update(line.encode("utf-8", "surrogatepass"))
    else:
        hasher.update(repr(target).encode())


def _pictures(root: Path) -> dict[str, Entry]:
    if not root.is_dir():
        raise Refused(layout.missing_folder(root))
    return file_index.list_files(root, root)


def _given_or_held_out(train: list[Sample], val: list[Sample] | None) -> tuple[list[Sample], list[Sample], str]:
    if val is not None:
        return train, val, "given"
    return *splitting.split(train), splitting.record()


def _without_leaks(
    root: Path, train: list[Sample], val_root: Path, val: list[Sample], findings: Findings
) -> list[Sample]:
    leaked = duplicates.leaked(root, train, val_root, val)
    for path in sorted(leaked):
        findings.note("duplicate", path)
    return [sample for sample in train if sample.path not in leaked] if leaked else train


def _require_some(root: Path, train: list[Sample], val: list[Sample], reports: tuple[Finding, ...]) -> None:
    if train and val:
        return
    raise Refused(
        Sentence(
            gettext_noop(
                "The data set {root} has {train} usable labelled pictures to learn from and {val} held out; one of "
                "each is the least. Found wrong: {findings}"
            ),
            {
                "root": layout.shown(root.name),
                "train": len(train),
                "val": len(val),
                "findings": _first(reports),
            },
        )
    )


def _require_classes(root: Path, classes: tuple[str, ...]) -> None:
    if set(classes) - {BACKGROUND}:
        return
    raise Refused(
        Sentence(
            gettext_noop(
                "The annotation of the data set {root} has no class. Mark and name objects, or add a list of classes "
                "(classes.txt)."
            ),
            {"root": layout.shown(root.name)},
        )
    )


def _first(reports: tuple[Finding, ...]) -> object:
    """The largest finding, as a sentence within the sentence."""
    if not reports:
        return "–"
    return max(reports, key=lambda report: report.count).sentence.as_json()


def _cannot_be_read(root: Path, error: BaseException) -> Refused:
    return Refused(
        Sentence(
            gettext_noop(
                "The data set {root} cannot be read ({error}). Check that its files still exist and may be read."
            ),
            {"root": layout.shown(root.name), "error": layout.shown(f"{type(error).__name__}: {error}")},
        )
    )
