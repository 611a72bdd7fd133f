"""Samples to look at, in a small SQLite file: a page of any split and class without reading the data set again."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from distillation.datasets.survey.entries import Entry

FILE = "index.sqlite3"
MOST, MOST_OF_CLASS = 10_000, 200
"""Samples of a split that are kept, and of each class beyond that: a data set of a million needs no second copy."""
_TABLES = """
CREATE TABLE sample (split TEXT, number INTEGER, path TEXT, size INTEGER, mtime_ns INTEGER, labels TEXT, body BLOB,
    mixed INTEGER, PRIMARY KEY (split, number)) WITHOUT ROWID;
CREATE INDEX sample_mixed ON sample (split, mixed);
CREATE TABLE sample_class (split TEXT, class INTEGER, number INTEGER,
    PRIMARY KEY (split, class, number)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A sample as the index has it."""

    split: str
    number: int
    path: str
    size: int
    mtime_ns: int
    labels: tuple[int, ...]
    body: dict[str, Any]


@dataclass(slots=True)
class SplitCount:
    """What a split holds."""

    samples: int = 0
    kept: int = 0
    per_class: Counter[int] = field(default_factory=Counter)
    """Samples that hold each class."""
    objects: Counter[int] = field(default_factory=Counter)
    """Marked objects of each class."""


def write(path: Path, splits: Iterable[tuple[str, Iterable[Entry]]]) -> dict[str, SplitCount]:
    """Write the index of all splits to a new file, and count what goes by."""
    counts: dict[str, SplitCount] = {}
    with closing(sqlite3.connect(path)) as base:
        base.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; {_TABLES}")
        for split, entries in splits:
            counts[split] = _write_split(base, split, entries)
        base.commit()
    return counts


def _write_split(base: sqlite3.Connection, split: str, entries: Iterable[Entry]) -> SplitCount:
    count = SplitCount()
    for number, entry in enumerate(entries):
        count.samples += 1
        held = set(entry.labels)
        few = any(count.per_class[label] < MOST_OF_CLASS for label in held)
        count.per_class.update(held)
        count.objects.update(entry.labels)
        if count.kept >= MOST and not few:
            continue
        count.kept += 1
        body = zlib.compress(json.dumps(entry.body, ensure_ascii=False).encode("utf-8", "surrogatepass"), 1)
        path = entry.path.encode("utf-8", "surrogateescape")
        mixed = zlib.crc32(f"{split} {number}".encode())  # folders come class by class: a first look should show all
        row = (split, number, path, entry.size, entry.mtime_ns, json.dumps(entry.labels), body, mixed)
        base.execute("INSERT INTO sample VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        base.executemany("INSERT INTO sample_class VALUES (?, ?, ?)", [(split, label, number) for label in held])
    return count


class Index:
    """Reads the file; every call opens it anew, since requests share no connection."""

    def __init__(self, folder: Path) -> None:
        self._uri = f"file:{quote(str(folder / FILE))}?mode=ro&immutable=1"

    def page(self, split: str, label: int | None, first: int, most: int) -> tuple[list[Kept], int]:
        """Samples from ``first`` on, all of a class or a mixture, and how many there are to look at.

        Raises sqlite3.Error for a damaged file.
        """
        where, values, order = "FROM sample WHERE split = ?", [split], "mixed, number"
        if label is not None:
            where = "FROM sample JOIN sample_class USING (split, number) WHERE split = ? AND class = ?"
            values, order = [split, label], "number"  # type: ignore[list-item]
        with closing(sqlite3.connect(self._uri, uri=True)) as base:
            (total,) = base.execute(f"SELECT count(*) {where}", values).fetchone()
            columns = "split, number, path, size, mtime_ns, labels, body"
            rows = base.execute(
                f"SELECT {columns} {where} ORDER BY {order} LIMIT ? OFFSET ?",
                [*values, most, first],
            ).fetchall()
        return [_kept(row) for row in rows], total

    def sample(self, split: str, number: int) -> Kept | None:
        """One sample; None when it is not kept. Raises sqlite3.Error for a damaged file."""
        with closing(sqlite3.connect(self._uri, uri=True)) as base:
            row = base.execute(
                "SELECT split, number, path, size, mtime_ns, labels, body FROM sample WHERE split = ? AND number = ?",
                (split, number),
            ).fetchone()
        return None if row is None else _kept(row)


def _kept(row: tuple[Any, ...]) -> Kept:
    split, number, path, size, mtime_ns, labels, body = row
    whole = json.loads(zlib.decompress(body).decode("utf-8", "surrogatepass"))
    return Kept(
        split, number, path.decode("utf-8", "surrogateescape"), size, mtime_ns, tuple(json.loads(labels)), whole
    )
