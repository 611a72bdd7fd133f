"""A large array on disk that is filled in order, a chunk at a time, and goes on where it was interrupted.

Rows are written with pwrite, not through a memory map: on a full disk a map ends the process with SIGBUS,
a write says why. The progress file is written after the rows are durable, the completion mark last of all.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from distillation.engine import atomic


class ChunkedArray:
    """``array.npy`` of a fixed shape in a folder of its own; the caller holds a lock on the folder."""

    def __init__(self, folder: Path, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        self.folder = folder
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self._path = folder / "array.npy"
        self._row_bytes = int(np.prod(shape[1:], dtype=np.int64)) * self.dtype.itemsize
        self._descriptor = -1
        self.rows_done = 0
        self.notes: list[Any] = []
        """JSON values that belong to the rows done so far."""

    def completed(self) -> dict[str, Any] | None:
        """What :meth:`complete` recorded, or None when the array is not complete."""
        mark = atomic.read_json(self.folder / "complete.json")
        if not isinstance(mark, dict) or mark.get("shape") != list(self.shape):
            return None
        try:
            return mark if self._path.stat().st_size == mark["file_bytes"] else None
        except OSError:
            return None

    def open(self) -> None:
        """Go on after the last committed row, or begin. Raises OSError when the disk cannot hold the array."""
        self.folder.mkdir(parents=True, exist_ok=True)
        progress = atomic.read_json(self.folder / "progress.json")
        if isinstance(progress, dict) and progress.get("shape") == list(self.shape) and self._is_whole():
            self.rows_done, self.notes = progress["rows"], progress["notes"]
        else:
            (self.folder / "progress.json").unlink(missing_ok=True)
            np.lib.format.open_memmap(self._path, mode="w+", dtype=self.dtype, shape=self.shape)
        self._offset = np.lib.format.open_memmap(self._path, mode="r").offset
        self._descriptor = os.open(self._path, os.O_RDWR)
        os.posix_fallocate(self._descriptor, 0, self._offset + max(1, self.shape[0] * self._row_bytes))

    def _is_whole(self) -> bool:
        """Whether the file has room for every row: it is made in full at once, so a shorter one was cut."""
        try:
            return self.read().shape == self.shape
        except (OSError, ValueError):
            return False

    def append(self, rows: NDArray[Any]) -> None:
        """Write ``rows [n, …]`` after those before; not durable before :meth:`commit`. Raises OSError."""
        data = memoryview(np.ascontiguousarray(rows, dtype=self.dtype).tobytes())
        position = self._offset + self.rows_done * self._row_bytes
        while data:
            written = os.pwrite(self._descriptor, data, position)
            data, position = data[written:], position + written
        self.rows_done += len(rows)

    def commit(self) -> None:
        """Make everything appended so far durable. Raises OSError."""
        os.fsync(self._descriptor)
        progress = {"shape": list(self.shape), "rows": self.rows_done, "notes": self.notes}
        atomic.write_json(self.folder / "progress.json", progress)

    def complete(self, record: dict[str, Any]) -> dict[str, Any]:
        """Mark the array as complete; return ``record`` with shape, notes, size and SHA-256 of the file."""
        self.commit()
        mark = {
            **record,
            "shape": list(self.shape),
            "notes": self.notes,
            "file_bytes": self._path.stat().st_size,
            "sha256": self.checksum(),
        }
        atomic.write_json(self.folder / "complete.json", mark)
        return mark

    def checksum(self) -> str:
        """SHA-256 of the file."""
        return atomic.sha256_of(self._path)

    def discard(self) -> None:
        """Remove the array and its marks; the lock file beside them stays."""
        for name in ("complete.json", "progress.json", "array.npy"):
            (self.folder / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def read(self) -> NDArray[Any]:
        """Memory-map the array, read-only."""
        array: NDArray[Any] = np.load(self._path, mmap_mode="r")
        return array
