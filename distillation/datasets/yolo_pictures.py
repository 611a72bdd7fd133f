"""Which pictures of a YOLO data set are for what, and where their label files lie."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import file_index, layout
from distillation.datasets.assembling import Source
from distillation.datasets.file_index import Entry, PictureIndex
from distillation.datasets.findings import Findings
from distillation.datasets.text_files import lines, read_text
from distillation.datasets.yolo_config import NAME_LISTS, YoloConfig, last_parts

_PICTURES, _LABELS = "images", "labels"
_NO_LABELS = frozenset(
    {*NAME_LISTS, "train.txt", "val.txt", "valid.txt", "test.txt", "trainval.txt", "requirements.txt"}
)


def label_paths(picture: str) -> tuple[str, str]:
    """Where the label of a picture may lie, the likelier first.

    The last folder ``images`` becomes ``labels``, or the label lies beside the picture.
    """
    beside = PurePosixPath(picture).with_suffix(".txt").as_posix()
    return _mirrored(picture), beside


def _mirrored(picture: str) -> str:
    parts = list(PurePosixPath(picture).with_suffix(".txt").parts)
    for number in reversed(range(len(parts) - 1)):
        if parts[number].lower() == _PICTURES:
            parts[number] = _LABELS
            break
    return "/".join(parts)


def by_split(source: Source, config: YoloConfig) -> dict[str, list[str]]:
    """Which pictures are for what: as the settings say, else by folders; without either all are for training."""
    if config.splits:
        index = PictureIndex(source.files)
        found = {
            split: list(dict.fromkeys(path for entry in entries for path in _named(entry, config, source, index)))
            for split, entries in config.splits.items()
        }
        return _disjoint(found, source.findings)
    found = {}
    for path in source.files:
        split = file_index.split_of(path) or layout.TRAIN
        found.setdefault(split, []).append(path)
    return {split: paths for split, paths in found.items() if split in (layout.TRAIN, layout.VAL)}


def _named(entry: str, config: YoloConfig, source: Source, index: PictureIndex) -> Iterator[str]:
    """The pictures that one entry of ``train`` or ``val`` means: those below a folder, or those of a list."""
    place = _place(entry, config.path, source.root)
    if place.is_dir():
        prefix = place.relative_to(source.root).as_posix() + "/"
        yield from (path for path in source.files if prefix == "./" or path.startswith(prefix))
        return
    near = place.parent.relative_to(source.root).as_posix()
    for line in lines(read_text(place)):
        try:
            path = index.find(line, near)
        except file_index.Ambiguous:
            source.findings.note("ambiguous", line)
            continue
        if path is None:
            source.findings.note("missing_picture", line)
        else:
            yield path


def _place(entry: str, base: str, root: Path) -> Path:
    """Where an entry lies below the root, whatever machine it was written on. Raises Refused."""
    for ending in (*last_parts(f"{base}/{entry}"), "." if not last_parts(entry) else ""):
        if ending and (root / ending).exists():
            layout.require_inside(root / ending, root)
            return root / ending
    raise Refused(
        Sentence(
            gettext_noop(
                "The data set {root} has no {entry}, which its settings name; found there: {found}. Correct the entry "
                "in its data.yaml (or obj.data); it must lie in the data set."
            ),
            {
                "root": layout.shown(root.name),
                "entry": layout.shown(entry),
                "found": layout.named(layout.sub_folders(root)) or "–",
            },
        )
    )


def _disjoint(found: dict[str, list[str]], findings: Findings) -> dict[str, list[str]]:
    """Without pictures that are named for both; equal lists are one list without a split."""
    train, val = found.get(layout.TRAIN, []), found.get(layout.VAL, [])
    both = set(train) & set(val)
    if not both:
        return found
    if both == set(train) == set(val):
        for path in val:
            findings.note("same_split", path)
        return {layout.TRAIN: train}
    for path in sorted(both):
        findings.note("duplicate", path)
    return {layout.TRAIN: [path for path in train if path not in both], layout.VAL: val}


def pairs(paths: list[str], source: Source, labels: dict[str, Entry]) -> Iterator[tuple[str, str]]:
    """Pictures with their label files; those without are noted."""
    index = PictureIndex({path: source.files[path] for path in paths})
    for path in paths:
        label = next((label for label in label_paths(path) if label in labels), None)
        if index.siblings(path):
            source.findings.note("two_suffixes", path)
        elif label is not None:
            yield path, label
        else:
            source.findings.note("missing_label", path)


def note_orphans(labels: dict[str, Entry], source: Source) -> None:
    """Label files without a picture."""
    expected = {label for path in source.files for label in label_paths(path)}
    for label in labels:
        if label not in expected and PurePosixPath(label).name.lower() not in _NO_LABELS and "/" in label:
            source.findings.note("missing_picture", label)
