"""Every picture of a run decoded once: ``uint8 [rows, channels, size, size]`` on disk, memory-mapped.

Lies in the home's cache, keyed by files, size and channels, so that runs on the same data share it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.datasets import pictures
from distillation.datasets.image_folder import Item
from distillation.engine import frozen_data, locks
from distillation.engine.chunked_array import ChunkedArray
from distillation.engine.context import Context
from distillation.engine.frozen_data import FrozenData

CHUNK_BYTES = 8 << 20
"""Decoded bytes between two looks at the stop request."""


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A picture that could not be decoded; its row is all zeros and is left out everywhere."""

    row: int
    path: str
    reason: Sentence


@dataclass(frozen=True, slots=True)
class PicturePack:
    """The decoded pictures in row order."""

    rows: NDArray[np.uint8]
    """``[rows, channels, size, size]``, read-only."""
    unreadable: tuple[UnreadableRow, ...]


def open_pack(context: Context, data: FrozenData) -> PicturePack:
    """Open the pack of this data, size and channels; decode what is still missing.

    Raises DataChanged when a file is not the indexed one, Stopped, OSError (a full disk).
    """
    size = context.spec.student.image_size
    array = ChunkedArray(
        context.cache / "pictures" / _key(data, size), (data.rows, data.channels, size, size), np.uint8
    )

    def waiting() -> None:
        context.events.log("info", Sentence(gettext_noop("Waiting for another run that prepares the same pictures.")))

    with locks.hold(array.folder / "lock", context.stop, waiting):
        mark = array.completed()
        if mark is None:
            try:
                array.open()
                _decode_rest(context, data, array, size)
                mark = array.complete({})
            finally:
                array.close()
    notes = tuple(UnreadableRow(row, path, Sentence.from_json(reason)) for row, path, reason in mark["notes"])
    return PicturePack(array.read(), notes)


def _key(data: FrozenData, size: int) -> str:
    text = f"{pictures.READER_VERSION}/{data.digest}/{size}/{data.channels}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _decode_rest(context: Context, data: FrozenData, array: ChunkedArray, size: int) -> None:
    files = data.files()
    chunk = max(1, CHUNK_BYTES // (size * size * data.channels))
    with ThreadPoolExecutor(context.spec.threads) as pool:
        for begin, end in _chunks(array.rows_done, len(files), min(chunk, 512)):
            if context.stop.requested:
                array.commit()
                context.stop.check()
            decoded = pool.map(lambda file: _decode(file[0], file[1], size, data.channels), files[begin:end])
            block = np.zeros((end - begin, data.channels, size, size), np.uint8)
            for offset, picture in enumerate(decoded):
                if isinstance(picture, pictures.Unreadable):
                    array.notes.append([begin + offset, files[begin + offset][1].path, picture.sentence.as_json()])
                else:
                    block[offset] = picture.transpose(2, 0, 1)
            array.append(block)
            if context.events.due("pack-commit"):
                array.commit()
            context.progress.advance(end)


def _decode(path: Path, item: Item, size: int, channels: int) -> NDArray[np.uint8] | pictures.Unreadable:
    frozen_data.require_unchanged(path, item)
    try:
        return pictures.read_picture(path, size, channels)
    except pictures.Unreadable as unreadable:
        return unreadable


def _chunks(begin: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    for start in range(begin, end, size):
        yield start, min(start + size, end)
