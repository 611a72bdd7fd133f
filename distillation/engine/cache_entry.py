"""A folder of the home's cache that a run opens: alone while it is made, in use from then to the end of the process.

The run directory names what the run opens, so that nobody frees what a later attempt goes on with.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distillation.contract.cache_keys import ABOUT, LOCK, PICTURES, USED
from distillation.engine import atomic, locks
from distillation.engine.context import Context


@dataclass(slots=True)
class OpenEntry:
    """An entry that nobody else makes or removes meanwhile."""

    folder: Path
    made: bool = False
    """Set by who makes it, or a part of it."""


@contextmanager
def opened(context: Context, kind: str, key: str, on_wait: Callable[[], None]) -> Iterator[OpenEntry]:
    """Hold the entry; after the block it stays in use. ``on_wait`` is called when another process holds it.

    Raises Stopped while waiting, OSError (a full disk).
    """
    folder = context.cache / kind / key
    with locks.hold(folder / LOCK, context.stop, on_wait):
        context.uses.take(folder / USED)
        if not (folder / ABOUT).is_file():
            atomic.write_json(folder / ABOUT, _about(context, kind))
        _note(context, kind, key, made=False, size=0)
        entry = OpenEntry(folder)
        yield entry
        _note(context, kind, key, made=entry.made, size=_size(folder))


def opened_by(context: Context) -> list[dict[str, Any]]:
    """What the attempts of the run have opened: kind, key, whether one of them made it, bytes."""
    noted = atomic.read_json(context.run_dir.cache)
    return noted if isinstance(noted, list) else []


def _note(context: Context, kind: str, key: str, *, made: bool, size: int) -> None:
    """Made by an earlier attempt is made by the run."""
    noted = {(row["kind"], row["key"]): row for row in opened_by(context)}
    before = noted.get((kind, key), {"made": False, "bytes": 0})
    noted[kind, key] = {"kind": kind, "key": key, "made": made or before["made"], "bytes": size or before["bytes"]}
    atomic.write_json(context.run_dir.cache, list(noted.values()))


def _about(context: Context, kind: str) -> dict[str, Any]:
    """For people who ask what fills the disk."""
    spec = context.spec
    teacher = spec.teacher.name if spec.teacher is not None and kind != PICTURES else None
    return {"task": spec.task_id, "data": spec.data.dataset_id, "teacher": teacher}


def _size(folder: Path) -> int:
    return sum((Path(parent) / name).lstat().st_size for parent, _, names in os.walk(folder) for name in names)
