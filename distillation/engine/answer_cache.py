"""What a teacher answers, computed once and kept on disk, shared by all runs that ask the same.

Computed in fixed chunks, so that a resumed pass gives the same bits as one in one go; memory-mapped, never loaded
whole. A damaged file is noticed by its checksum and made again.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from distillation.contract.cache_keys import TEACHER
from distillation.contract.sentence import Sentence, gettext_noop
from distillation.engine import atomic, cache_entry
from distillation.engine.chunked_array import ChunkedArray
from distillation.engine.context import Context

CHUNK = 64
"""Items of one forward pass. Part of the key: other batches may round differently."""


@dataclass(frozen=True, slots=True)
class TeacherOutputs:
    """What the student learns from, and what is known of the teacher without loading it again."""

    arrays: Mapping[str, NDArray[Any]]
    """Each ``[items, …]``, read-only; zeros for what could not be asked."""
    checksum: str
    """SHA-256 over the files; a checkpoint is continued only with the same one."""
    about: dict[str, Any]
    """name, parameters, bytes, throughput, measured_at (seconds since 1970)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One array of answers."""

    of_item: tuple[int, ...]
    dtype: DTypeLike


Shapes = Callable[[], Mapping[str, Shape]]
"""What arrays there are; may load the teacher, so it is asked once and kept beside the answers."""


class Answerer(Protocol):
    """A teacher in memory; made only when something must be asked."""

    def answer(self, items: range) -> dict[str, NDArray[Any]]:
        """The answers to a chunk of items, ``[len(items), …]`` by name of the array."""

    def about(self) -> dict[str, Any]:
        """What is kept beside the answers."""


class Ask(Protocol):
    """Loads the teacher."""

    def __call__(self) -> Answerer:
        """Raises Refused when it cannot be loaded."""


def open_answers(context: Context, key: str, shapes: Shapes, items: int, ask: Ask) -> TeacherOutputs:
    """Open the answers to ``items`` questions that ``key`` stands for; ask what is missing.

    Raises Refused, DataChanged, Stopped, OSError (a full disk).
    """
    name = hashlib.sha256(f"{CHUNK}/{key}".encode()).hexdigest()[:32]

    def waiting() -> None:
        context.events.log("info", Sentence(gettext_noop("Waiting for another run that asks the same teacher.")))

    with cache_entry.opened(context, TEACHER, name, waiting) as entry:
        folder = entry.folder
        arrays = {
            name: ChunkedArray(folder / name, (items, *shape.of_item), shape.dtype)
            for name, shape in _kept_shapes(folder, shapes).items()
        }
        marks = _sound(context, arrays)
        if marks is None:
            entry.made = True
            marks = _complete(context, arrays, items, ask)
        checksums = "".join(str(mark["sha256"]) for mark in marks)
        checksum = checksums if len(marks) == 1 else hashlib.sha256(checksums.encode()).hexdigest()
        # The purge looks for the checksums that runs name.
        atomic.write_json(folder / "complete.json", {"sha256": checksum})
        return TeacherOutputs({name: array.read() for name, array in arrays.items()}, checksum, marks[-1]["about"])


def _kept_shapes(folder: Path, shapes: Shapes) -> Mapping[str, Shape]:
    path = folder / "shapes.json"
    kept = atomic.read_json(path)
    if isinstance(kept, dict):
        return {name: Shape(tuple(of_item), dtype) for name, (of_item, dtype) in kept.items()}
    found = shapes()
    atomic.write_json(path, {name: [shape.of_item, np.dtype(shape.dtype).name] for name, shape in found.items()})
    return found


def _sound(context: Context, arrays: Mapping[str, ChunkedArray]) -> list[dict[str, Any]] | None:
    marks = [array.completed() for array in arrays.values()]
    complete = [mark for mark in marks if mark is not None]
    if len(complete) < len(marks):
        return None
    if all(array.checksum() == mark["sha256"] for array, mark in zip(arrays.values(), complete, strict=True)):
        return complete
    context.events.log(
        "warning",
        Sentence(gettext_noop("The cached outputs of the teacher are damaged and are computed again.")),
    )
    for array in arrays.values():
        array.discard()
    return None


def _complete(context: Context, arrays: Mapping[str, ChunkedArray], items: int, ask: Ask) -> list[dict[str, Any]]:
    try:
        for array in arrays.values():
            array.open()
        # One of them may have been committed once more than the others before a crash.
        begin = min(array.rows_done for array in arrays.values())
        for array in arrays.values():
            array.rows_done = begin
        answerer = ask()
        _ask_rest(context, arrays, items, answerer)
        about = {"about": answerer.about()}
        return [array.complete(about) for array in arrays.values()]
    finally:
        for array in arrays.values():
            array.close()
        gc.collect()


def _ask_rest(context: Context, arrays: Mapping[str, ChunkedArray], items: int, answerer: Answerer) -> None:
    begin = next(iter(arrays.values())).rows_done
    for first in range(begin, items, CHUNK):
        if context.stop.requested:
            _commit(arrays)
            context.stop.check()
        chunk = range(first, min(first + CHUNK, items))
        for name, block in answerer.answer(chunk).items():
            arrays[name].append(np.ascontiguousarray(block))
        if context.events.due("teacher-commit"):
            _commit(arrays)
        context.progress.advance(chunk.stop)


def _commit(arrays: Mapping[str, ChunkedArray]) -> None:
    for array in arrays.values():
        array.commit()
