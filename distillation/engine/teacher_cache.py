"""The teacher's outputs for every picture of a run, computed once: float32 logits ``[rows, classes]``.

Keyed by teacher, preprocessing, class map and data. Computed in fixed chunks, so that a resumed pass gives the
same bits as one in one go.
"""

from __future__ import annotations

import gc
import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import shown
from distillation.engine import frozen_data, locks, teacher, throughput
from distillation.engine.chunked_array import ChunkedArray
from distillation.engine.context import Context
from distillation.engine.frozen_data import FrozenData
from distillation.engine.teacher import LoadedTeacher, TeacherSource

CHUNK = 64
"""Pictures of one forward pass. Part of the key: other batches may round differently."""

SPEED_BATCH = 256
"""The teacher's speed is measured with the run's batch size, up to this."""


@dataclass(frozen=True, slots=True)
class TeacherOutputs:
    """What the student learns from, and what is known of the teacher without loading it again."""

    logits: NDArray[np.float32]
    """``[rows, classes]``; zeros for unreadable pictures."""
    checksum: str
    """SHA-256 of the file; a checkpoint is continued only with the same one."""
    about: dict[str, Any]
    """name, parameters, bytes, throughput, measured_at (seconds since 1970)."""


def open_outputs(context: Context, data: FrozenData, source: TeacherSource, skipped: frozenset[int]) -> TeacherOutputs:
    """Open the cached outputs; compute what is missing. ``skipped`` rows are unreadable.

    Raises Refused, DataChanged, Stopped, OSError (a full disk).
    """
    key = hashlib.sha256(f"1/{CHUNK}/{source.identity}/{data.digest}".encode()).hexdigest()[:32]
    array = ChunkedArray(context.cache / "teacher" / key, (data.rows, len(data.classes)), np.float32)

    def waiting() -> None:
        context.events.log("info", Sentence(gettext_noop("Waiting for another run that asks the same teacher.")))

    with locks.hold(array.folder / "lock", context.stop, waiting):
        mark = _sound(context, array)
        if mark is None:
            try:
                array.open()
                mark = array.complete(_compute(context, data, source, array, skipped))
            finally:
                array.close()
                gc.collect()
    return TeacherOutputs(array.read(), str(mark["sha256"]), mark["about"])


def _sound(context: Context, array: ChunkedArray) -> dict[str, Any] | None:
    mark = array.completed()
    if mark is None or array.checksum() == mark["sha256"]:
        return mark
    context.events.log(
        "warning",
        Sentence(gettext_noop("The cached outputs of the teacher are damaged and are computed again.")),
    )
    array.discard()
    return None


def _compute(
    context: Context, data: FrozenData, source: TeacherSource, array: ChunkedArray, skipped: frozenset[int]
) -> dict[str, Any]:
    loaded = teacher.load(source, context.spec.device)
    files = data.files()
    with ThreadPoolExecutor(context.spec.threads) as pool:

        def read(row: int) -> Tensor:
            path, item = files[row]
            frozen_data.require_unchanged(path, item)
            return loaded.read(path)

        for begin in range(array.rows_done, data.rows, CHUNK):
            if context.stop.requested:
                array.commit()
                context.stop.check()
            chunk = range(begin, min(begin + CHUNK, data.rows))
            rows = [row for row in chunk if row not in skipped]
            block = np.zeros((len(chunk), len(data.classes)), np.float32)
            if rows:
                inputs = torch.stack(list(pool.map(read, rows))).to(context.spec.device)
                block[[row - begin for row in rows]] = loaded.logits(inputs).cpu().numpy()
            _require_finite(source, block)
            array.append(block)
            if context.events.due("teacher-commit"):
                array.commit()
            context.progress.advance(chunk.stop)
        sample = [row for row in range(data.rows) if row not in skipped][
            : min(context.spec.train.batch_size, SPEED_BATCH)
        ]
        batch = torch.stack(list(pool.map(read, sample))).to(context.spec.device)
    return {"about": _about(context, source, loaded, batch)}


def _about(context: Context, source: TeacherSource, loaded: LoadedTeacher, batch: Tensor) -> dict[str, Any]:
    return {
        "name": source.name,
        "kind": source.kind,
        "parameters": loaded.parameters,
        "bytes": source.bytes,
        "throughput": throughput.measure(loaded.model, batch, context.stop),
        "measured_at": time.time(),
    }


def _require_finite(source: TeacherSource, block: NDArray[np.float32]) -> None:
    if not np.isfinite(block).all():
        raise Refused(
            Sentence(
                gettext_noop("The teacher {name} answers with figures that are not finite. Its weights are damaged."),
                {"name": shown(source.name)},
            )
        )
