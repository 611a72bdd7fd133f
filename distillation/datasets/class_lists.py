"""Classification from lists: ``train.csv`` (or .tsv, .jsonl) and perhaps ``val.csv`` name pictures and their classes.

Pictures lie anywhere in the data set; the paths may come from another machine.
"""

from __future__ import annotations

from pathlib import Path

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import assembling, class_order, layout, tables
from distillation.datasets.assembling import Reading, Source
from distillation.datasets.class_names import ClassTable
from distillation.datasets.file_index import Ambiguous, PictureIndex
from distillation.datasets.samples import DataSet, Sample
from distillation.datasets.tables import Table

NAME = "list"


def applies(root: Path, task_type: str) -> bool:
    """Whether ``root`` has a list of pictures to train on, judged by its beginning."""
    return task_type == "classification" and tables.is_of_kind(root, "list")


def read(root: Path, val_root: Path | None = None, task_type: str = "classification") -> DataSet:
    """Read the data set at ``root``; a target is the index of the class. Raises Refused."""
    return assembling.assemble(_read, NAME, root, val_root, task_type)


def count(table: Table) -> dict[str, int]:
    """Labelled rows by class, for an outline. Raises Refused for a table without labels."""
    _, label = _places(table)
    return tables.count_column(table, label)


def _read(source: Source) -> Reading:
    index = PictureIndex(source.files)
    splits = {
        split: _named(source, index, tables.read(path), split)
        for split in (layout.TRAIN, layout.VAL)
        if (path := tables.find(source.root, split))
    }
    if not splits:
        raise Refused(tables.missing(source.root, layout.TRAIN))
    if source.classes is None:
        names = (name for _, name in splits.get(layout.TRAIN, ()))
        classes = ClassTable.of_names(class_order.ordered(names), source.task_type).names
    else:
        classes = source.classes
    return Reading(classes, {split: _labelled(index, named, classes) for split, named in splits.items()})


def _named(source: Source, index: PictureIndex, table: Table, split: str) -> list[tuple[str, str]]:
    """Path and class name of every picture that can be used, sorted by path."""
    found: dict[str, str] = {}
    path_place, label_place = _places(table)
    for number in table.malformed:
        source.findings.note("malformed", f"{table.name}:{number}")
    for row in table.rows:
        if len(row.cells) <= max(path_place, label_place):
            source.findings.note("malformed", f"{table.name}:{row.number}")
            continue
        given, name = row.cells[path_place].strip(), row.cells[label_place].strip()
        path = _find(source, index, given, split)
        if path is None:
            continue
        if not name:
            source.findings.note("missing_label", path)
        elif not index.files[path].size:
            source.findings.note("empty_picture", path)
        elif path in found:
            source.findings.note("twice", path)
        else:
            found[path] = name
    return sorted(found.items())


def _find(source: Source, index: PictureIndex, given: str, split: str) -> str | None:
    try:
        path = index.find(given, split=split)
    except Ambiguous:
        source.findings.note("ambiguous", given)
        return None
    if path is None:
        source.findings.note("missing_picture", given)
    return path


def _labelled(index: PictureIndex, named: list[tuple[str, str]], classes: tuple[str, ...]) -> list[Sample]:
    names = dict.fromkeys(name for _, name in named)
    if not names:
        return []
    labels = ClassTable.of_names(names, "classification").onto(classes).labels
    return [index.files[path].sample(path, labels[name]) for path, name in named]


def _places(table: Table) -> tuple[int, int]:
    """The columns of paths and of labels."""
    path, label = table.column(tables.PATHS), table.column(tables.LABELS)
    width = len(table.columns)
    if path is None:
        cells = table.rows[0].cells if table.rows else ()
        path = next((place for place, cell in enumerate(cells) if tables.is_picture(cell)), 0)
        width = len(cells)
    if label is None and not table.columns and width > 1:
        label = 1 if path == 0 else 0
    if label is None and width == 2:
        label = 1 - path
    if label is None:
        raise Refused(
            Sentence(
                gettext_noop("{path} has no column of classes; found: {columns}. Name it label or class."),
                {"path": layout.shown(table.name), "columns": layout.named(table.columns) or "–"},
            )
        )
    return path, label
