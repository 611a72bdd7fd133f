"""A ZIP archive that is made while it is sent: neither the disk nor the memory ever holds the whole of it."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distillation.storage.opening import NotAFile, OpenFile, Outside, open_inside

PIECE = 256 * 1024
"""Bytes that are sent together."""
MISSING = "missing.txt"
"""In the archive: files that could not be read any more when their turn came."""
_TEXT = frozenset({".json", ".txt", ".xml", ".csv", ".yaml"})
_LARGE = 1 << 30


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the archive."""

    name: str
    path: Path
    size: int


def zipped(entries: Iterable[Entry], root: Path) -> Iterator[bytes]:
    """The archive in pieces. Files are opened below ``root`` when their turn comes; text is compressed."""
    pipe = _Pipe()
    missing: list[str] = []
    with zipfile.ZipFile(pipe, "w") as archive:
        for entry in entries:
            try:
                opened = open_inside(entry.path, root)
            except (Outside, NotAFile, OSError):
                missing.append(entry.name)
                continue
            with opened:
                for _ in _written(archive, entry, opened):
                    if len(pipe) >= PIECE:
                        yield pipe.taken()
        if missing:
            archive.writestr(MISSING, "\n".join(missing) + "\n")
    yield pipe.taken()


def _written(archive: zipfile.ZipFile, entry: Entry, opened: OpenFile) -> Iterator[None]:
    info = zipfile.ZipInfo(entry.name, time.localtime(max(opened.changed_ns / 1e9, 315_619_200))[:6])
    suffix = entry.path.suffix.lower()
    info.compress_type = zipfile.ZIP_DEFLATED if suffix in _TEXT else zipfile.ZIP_STORED
    info.external_attr = 0o644 << 16
    with archive.open(info, "w", force_zip64=opened.size >= _LARGE) as target:
        place = 0
        while piece := opened.read(min(PIECE, opened.size - place), place) if place < opened.size else b"":
            target.write(piece)
            place += len(piece)
            yield
    yield


class _Pipe(io.RawIOBase):
    """A file that can only be written to, and emptied."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:
        """Keep the bytes."""
        self._pieces.append(bytes(data))
        self._size += len(data)
        return len(data)

    def __len__(self) -> int:
        return self._size

    def taken(self) -> bytes:
        """Everything since the last call."""
        whole = b"".join(self._pieces)
        self._pieces, self._size = [], 0
        return whole
