"""Pictures as a teacher wants them, read from the files of a run."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from torch import Tensor

from distillation.engine import frozen_data
from distillation.engine.batches import IN_MEMORY_BYTES
from distillation.engine.frozen_data import FrozenData
from distillation.engine.teachers import LoadedTeacher


class TeacherPictures:
    """The pictures of a run, each prepared from its file; a teacher that looks often keeps what fits in memory."""

    def __init__(self, data: FrozenData, loaded: LoadedTeacher, threads: int, *, keep: bool) -> None:
        self._files, self._loaded, self._threads = data.files(), loaded, threads
        self._kept: dict[int, Tensor] = {}
        self._room = IN_MEMORY_BYTES if keep else 0

    def take(self, rows: Iterable[int]) -> list[Tensor]:
        """The pictures of some rows, in that order; shapes may differ. Raises Refused, DataChanged."""
        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(self._one, rows))

    def _one(self, row: int) -> Tensor:
        kept = self._kept.get(row)
        if kept is not None:
            return kept
        path, sample = self._files[row]
        frozen_data.require_unchanged(path, sample)
        picture = self._loaded.read(path)
        if self._room >= picture.nbytes:
            self._room -= picture.nbytes
            self._kept[row] = picture
        return picture
