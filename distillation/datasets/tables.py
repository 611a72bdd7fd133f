"""Tables of text: delimited files (CSV, TSV) and JSON lines, with or without a line of column names.

Image lists, sequences and texts may all come as ``train.csv``; :func:`kind` tells them apart by their beginning.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets import layout, text_files

SUFFIXES = (".csv", ".tsv", ".jsonl")
MAX_BYTES = 1 << 30
BEGINNING = 1 << 18
"""Bytes that are looked at to tell what kind of table a file is."""

# Names of columns, the likeliest first.
PATHS = ("path", "filepath", "file_path", "image_path", "filename", "file_name", "file", "image", "img")
LABELS = ("label", "labels", "class", "class_name", "category", "target", "标签", "类别", "y")
TEXTS = ("text", "sentence", "content", "document", "文本")
IDS = ("id", "series", "series_id")
TIMES = ("time", "timestamp", "t", "step")
_BOXES = ("xmin", "x_min", "x1", "bbox")
_KNOWN = frozenset({*PATHS, *LABELS, *TEXTS, *IDS, *TIMES})

Kind = Literal["list", "sequence", "text"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line; as many cells as there are columns where those have names."""

    number: int
    """Of its (last) line in the file, from 1."""
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A file of rows."""

    name: str
    columns: tuple[str, ...]
    """Lower-case names; empty when the file does not name them."""
    rows: tuple[Row, ...]
    malformed: tuple[int, ...]
    """Numbers of lines that are no row: no JSON object, or not the cells that the columns ask for."""

    def column(self, names: Iterable[str]) -> int | None:
        """The place of the column with the first of these names that there is."""
        return next((self.columns.index(name) for name in names if name in self.columns), None)


def find(root: Path, split: str) -> Path | None:
    """The table of a split: ``root/split.csv``, ``.tsv`` or ``.jsonl``. Raises Refused for a link that leads out."""
    path = next((path for suffix in SUFFIXES if (path := root / f"{split}{suffix}").is_file()), None)
    if path is not None:
        layout.require_inside(path, root)
    return path


def files(root: Path, val_root: Path | None = None, seek: Callable[[Path, str], Path | None] = find) -> dict[str, Path]:
    """The files of each split that is given. Raises Refused when there is nothing to train on.

    ``val`` comes from ``val_root`` where that is another folder: its validation file, or all that it has.
    """
    found = {split: path for split in (layout.TRAIN, layout.VAL, layout.UNLABELED) if (path := seek(root, split))}
    if layout.TRAIN not in found:
        raise Refused(missing(root, layout.TRAIN))
    if val_root is not None and val_root.resolve() != root.resolve():
        held_out = seek(val_root, layout.VAL) or seek(val_root, layout.TRAIN)
        if held_out is None:
            raise Refused(missing(val_root, layout.VAL))
        found[layout.VAL] = held_out
    return found


def missing(root: Path, split: str) -> Sentence:
    """Say that the table of a split is absent."""
    return Sentence(
        gettext_noop("The data set {root} has no {split}.csv, {split}.tsv or {split}.jsonl. Put one there."),
        {"root": layout.shown(root.name), "split": split},
    )


def is_of_kind(root: Path, wanted: Kind) -> bool:
    """Whether ``root`` has a table to train on whose beginning is of the kind ``wanted``. Raises Refused."""
    path = find(root, layout.TRAIN)
    table = beginning(path) if path else None
    return table is not None and kind(table) == wanted


def read(path: Path, limit: int = MAX_BYTES) -> Table:
    """Read a table whole. Raises Refused when it is too large, is no text or breaks the rules of its format."""
    return _parse(path, text_files.read_text(path, limit))


def beginning(path: Path) -> Table | None:
    """The first rows of a table; None when it is none, or cannot be read. Never raises for what is in it."""
    try:
        with path.open("rb") as file:
            content = file.read(BEGINNING)
        if len(content) == BEGINNING:
            content = content[: content.rfind(b"\n") + 1]
        return _parse(path, text_files.decode(content))
    except (OSError, ValueError, Refused):
        return None


def kind(table: Table) -> Kind | None:
    """What the rows are: pictures by name, series of numbers, or texts; None for something else."""
    if not table.rows:
        return None
    if table.columns:
        return _kind_by_names(table)
    cells = table.rows[0].cells
    if any(is_picture(cell) for cell in cells):
        return "list"
    numbers = sum(map(is_number, cells))
    if len(cells) > 2 and numbers >= len(cells) - 1:
        return "sequence"
    return "text" if len(cells) == 2 and not all(map(is_number, cells)) else None


def count_column(table: Table, place: int) -> dict[str, int]:
    """How often each value that is not blank stands in a column."""
    values = (row.cells[place].strip() for row in table.rows if len(row.cells) > place)
    return dict(Counter(value for value in values if value))


def is_number(cell: str) -> bool:
    """Whether a cell can be read as a number, NaN included."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def is_picture(cell: str) -> bool:
    """Whether a cell looks like the name of a picture."""
    return PurePosixPath(cell.replace("\\", "/")).suffix.lower() in layout.EXTENSIONS


def _kind_by_names(table: Table) -> Kind | None:
    if table.column(PATHS) is not None:
        return "list" if table.column(_BOXES) is None else None  # boxes in a table: no format that is read here
    if table.column(TEXTS) is not None:
        return "text"
    if table.column(IDS) is not None and table.column(TIMES) is not None:
        return "sequence"
    label = table.column(LABELS)
    values = [cell for place, cell in enumerate(table.rows[0].cells) if place != label]
    return "sequence" if len(values) > 1 and sum(map(is_number, values)) >= len(values) - 1 else None


def _parse(path: Path, text: str) -> Table:
    if path.suffix.lower() == ".jsonl":
        return _json_lines(path.name, text)
    return _delimited(path.name, text)


def _json_lines(name: str, text: str) -> Table:
    objects: list[tuple[int, dict[str, Any]]] = []
    malformed = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            objects.append((number, {str(key).strip().lower(): cell for key, cell in value.items()}))
        else:
            malformed.append(number)
    columns = tuple(dict.fromkeys(key for _, value in objects for key in value))
    rows = tuple(Row(number, tuple(_cell(value.get(key)) for key in columns)) for number, value in objects)
    return Table(name, columns, rows, tuple(malformed))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _delimited(name: str, text: str) -> Table:
    head = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        rows = [Row(reader.line_num, tuple(cells)) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as error:
        raise Refused(
            Sentence(
                gettext_noop("{path} cannot be read as a table: line {line}: {error}. Export it again."),
                {"path": layout.shown(name), "line": reader.line_num, "error": layout.shown(str(error))},
            )
        ) from error
    columns = _column_names(rows[:2])
    if not columns:
        return Table(name, (), tuple(rows), ())
    fitting = tuple(row for row in rows[1:] if len(row.cells) == len(columns))
    malformed = tuple(row.number for row in rows[1:] if len(row.cells) != len(columns))
    return Table(name, columns, fitting, malformed)


def _column_names(first: list[Row]) -> tuple[str, ...]:
    """The cells of the first row when they are names and not data."""
    if not first:
        return ()
    cells = tuple(cell.strip().lower() for cell in first[0].cells)
    if not _KNOWN.isdisjoint(cells) or (not any(map(is_number, cells)) and _mostly_numbers(first[1:])):
        return cells
    return ()


def _mostly_numbers(rows: Iterable[Row]) -> bool:
    return any(len(row.cells) > 2 and sum(map(is_number, row.cells)) >= len(row.cells) - 1 for row in rows)
