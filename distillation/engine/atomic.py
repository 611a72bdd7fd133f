"""Files that are either there in full or not at all, also after kill -9 and power loss."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


class HashingFile:
    """A file to write to that knows the SHA-256 and the number of bytes written so far.

    Libraries hide the reason when a write fails inside them; ``error`` keeps it.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()
        self.bytes = 0
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Append ``data``. Raises OSError."""
        try:
            self._file.write(data)
        except OSError as error:
            self.error = error
            raise
        self._sha256.update(data)
        self.bytes += len(data)
        return len(data)

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        self._file.flush()

    @property
    def sha256(self) -> str:
        """Of everything written."""
        return self._sha256.hexdigest()


@contextmanager
def replacing(path: Path) -> Iterator[HashingFile]:
    """Write a new version of ``path``: temporary name, fsync, rename, fsync of the directory.

    The temporary name is fixed, so what a killed process left is overwritten by the next one; callers hold a
    lock on the directory. Raises OSError, also where a library wrapped it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            hashing = HashingFile(file)
            try:
                yield hashing
            except Exception as error:
                if hashing.error is not None and error is not hashing.error:
                    raise hashing.error from error
                raise
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def write_bytes(path: Path, data: bytes) -> str:
    """Replace ``path`` by ``data``; return the SHA-256. Raises OSError."""
    with replacing(path) as file:
        file.write(data)
    return file.sha256


def write_json(path: Path, value: Any) -> str:
    """Replace ``path`` by JSON. Raises OSError, ValueError for a figure that is not finite."""
    return write_bytes(path, json.dumps(value, indent=1, allow_nan=False).encode())


def read_json(path: Path) -> Any:
    """Read JSON, or None where there is no valid file."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def sync_directory(folder: Path) -> None:
    """Make renames in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
