"""Every picture of a run decoded once: ``uint8 [rows, channels, size, size]`` on disk, memory-mapped.

Lies in the home's cache, keyed by files, size, channels and fit, so that runs on the same data share it. What is
classified is stretched to the square; where places matter a picture keeps its proportions and gets a border.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from distillation.contract.cache_keys import PICTURES, picture_key
from distillation.contract.sentence import Sentence, gettext_noop
from distillation.contract.task_types import DENSE
from distillation.datasets import class_maps, pictures
from distillation.datasets.samples import IGNORED, Sample
from distillation.engine import cache_entry, frozen_data
from distillation.engine.chunked_array import ChunkedArray
from distillation.engine.context import Context
from distillation.engine.detection import letterbox
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
    """The decoded pictures in row order, read-only."""

    pictures: NDArray[np.uint8]
    """``[rows, channels, size, size]``."""
    sizes: NDArray[np.int32]
    """``[rows, 2]``: width and height of the upright picture on disk; zeros where pictures are stretched."""
    class_maps: NDArray[np.uint8] | None
    """``[rows, size, size]`` for segmentation, IGNORED (255) where nobody knows."""
    unreadable: tuple[UnreadableRow, ...]


@dataclass(frozen=True, slots=True)
class _Decoded:
    picture: NDArray[np.uint8]
    size: tuple[int, int]
    class_map: NDArray[np.uint8] | None


class _Arrays:
    """The arrays of a pack, filled together."""

    def __init__(self, folder: Path, rows: int, channels: int, size: int, *, maps: bool) -> None:
        self.sizes = ChunkedArray(folder / "sizes", (rows, 2), np.int32)
        self.maps = ChunkedArray(folder / "maps", (rows, size, size), np.uint8) if maps else None
        self.pictures = ChunkedArray(folder, (rows, channels, size, size), np.uint8)
        self.all = [array for array in (self.sizes, self.maps, self.pictures) if array is not None]

    def open(self) -> int:
        """Go on after the last rows that all of them have."""
        for array in self.all:
            array.open()
        begin = min(array.rows_done for array in self.all)
        for array in self.all:
            array.rows_done = begin
        self.pictures.notes = [note for note in self.pictures.notes if note[0] < begin]
        return begin

    def commit(self) -> None:
        for array in self.all:
            array.commit()


def open_pack(context: Context, data: FrozenData) -> PicturePack:
    """Open the pack of this data, size and channels; decode what is still missing.

    Raises DataChanged when a file is not the indexed one, Stopped, OSError (a full disk).
    """
    size, task_type = context.spec.student.image_size, context.spec.task_type
    key = picture_key(pictures.READER_VERSION, data.digest, size, data.channels, task_type)

    def waiting() -> None:
        context.events.log("info", Sentence(gettext_noop("Waiting for another run that prepares the same pictures.")))

    with cache_entry.opened(context, PICTURES, key, waiting) as entry:
        arrays = _Arrays(entry.folder, data.rows, data.channels, size, maps=task_type == "segmentation")
        marks = [array.completed() for array in arrays.all]
        if None in marks:
            entry.made = True
            try:
                begin = arrays.open()
                _decode_rest(context, data, arrays, begin, size)
                marks = [array.complete({}) for array in arrays.all]
            finally:
                for array in arrays.all:
                    array.close()
        notes = (marks[-1] or {})["notes"]
        return PicturePack(
            arrays.pictures.read(),
            arrays.sizes.read(),
            arrays.maps.read() if arrays.maps else None,
            tuple(UnreadableRow(row, path, Sentence.from_json(reason)) for row, path, reason in notes),
        )


def _decode_rest(context: Context, data: FrozenData, arrays: _Arrays, begin: int, size: int) -> None:
    files = data.files()
    chunk = max(1, CHUNK_BYTES // (size * size * data.channels))
    with ThreadPoolExecutor(context.spec.threads) as pool:
        for first, end in _chunks(begin, len(files), min(chunk, 512)):
            if context.stop.requested:
                arrays.commit()
                context.stop.check()
            decoded = pool.map(lambda row: _decode(context, data, files[row], row), range(first, end))
            block = np.zeros((end - first, data.channels, size, size), np.uint8)
            sizes = np.zeros((end - first, 2), np.int32)
            maps = np.full((end - first, size, size), IGNORED, np.uint8) if arrays.maps else None
            for offset, found in enumerate(decoded):
                if isinstance(found, pictures.Unreadable):
                    arrays.pictures.notes.append(
                        [first + offset, files[first + offset][1].path, found.sentence.as_json()]
                    )
                    continue
                block[offset], sizes[offset] = found.picture, found.size
                if maps is not None and found.class_map is not None:
                    maps[offset] = found.class_map
            arrays.sizes.append(sizes)
            if arrays.maps and maps is not None:
                arrays.maps.append(maps)
            arrays.pictures.append(block)
            if context.events.due("pack-commit"):
                arrays.commit()
            context.progress.advance(end)


def _decode(context: Context, data: FrozenData, file: tuple[Path, Sample], row: int) -> _Decoded | pictures.Unreadable:
    path, sample = file
    frozen_data.require_unchanged(path, sample)
    size, task_type = context.spec.student.image_size, context.spec.task_type
    try:
        if task_type not in DENSE:
            return _Decoded(pictures.read_picture(path, size, data.channels).transpose(2, 0, 1), (0, 0), None)
        picture = pictures.open_picture(path, data.channels)
        pixels = letterbox.fitted(pictures.as_array(picture), size)
        class_map = None
        if task_type == "segmentation" and sample.target is not None:
            root = data.dataset.val_root if row >= data.first_val else data.dataset.root
            class_map = letterbox.fitted_map(class_maps.class_map(root, sample, picture.size, len(data.classes)), size)
        return _Decoded(pixels.transpose(2, 0, 1), picture.size, class_map)
    except pictures.Unreadable as unreadable:
        return unreadable


def _chunks(begin: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    for start in range(begin, end, size):
        yield start, min(start + size, end)
