"""What a run used of its machine, as arrays on one time axis, thinned to what a screen can show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distillation.models import ResourceSample
from distillation.selectors.thinning import stretches

MEANS = {
    "cpu_percent": "cpuPercent",
    "host_memory_percent": "hostMemoryPercent",
    "gpu_percent": "gpuPercent",
}
"""Utilisation: of a stretch, the mean."""
PEAKS = {
    "memory_mb": "memoryMb",
    "gpu_memory_mb": "gpuMemoryMb",
    "gpu_temperature": "gpuTemperature",
}
"""What must not go unseen however short it was: of a stretch, the highest."""
_COLUMNS = ("id", "time", *MEANS, *PEAKS)


def resources(task: int, *, after: int = 0, upto: int | None = None, most: int = 1000) -> dict[str, Any]:
    """Samples behind a cursor; one query. Above ``most``, each entry stands for a stretch of samples."""
    samples = ResourceSample.objects.filter(task_id=task, id__gt=after)
    if upto is not None:
        samples = samples.filter(id__lte=upto)
    rows = list(samples.order_by("id").values_list(*_COLUMNS))
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * len(_COLUMNS)
    found: dict[str, Sequence[Any]] = dict(zip(_COLUMNS, columns, strict=True))
    total = len(rows)
    if total > most:
        found = _thinned(found, stretches(total, most))
    return {
        "cursor": rows[-1][0] if rows else after,
        "total": total,
        "times": found["time"],
        **{name: found[column] for column, name in (MEANS | PEAKS).items()},
    }


def _thinned(columns: dict[str, Sequence[Any]], begins: NDArray[np.int64]) -> dict[str, Sequence[Any]]:
    thin: dict[str, Sequence[Any]] = {"time": [columns["time"][index] for index in begins]}
    for name in MEANS:
        thin[name] = _nullable(_means(np.array(columns[name], dtype=np.float64), begins))
    for name in PEAKS:
        thin[name] = _nullable(np.fmax.reduceat(np.array(columns[name], dtype=np.float64), begins))
    return thin


def _means(values: NDArray[np.float64], begins: NDArray[np.int64]) -> NDArray[np.float64]:
    known = ~np.isnan(values)
    counts = np.add.reduceat(known.astype(np.float64), begins)
    sums = np.add.reduceat(np.where(known, values, 0.0), begins)
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def _nullable(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in values]
