"""Which entries of the cache tasks go on with: their runs name them, or what the entries hold."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from distillation.contract.cache_keys import PICTURES, picture_key
from distillation.contract.run_dir import RunDir
from distillation.datasets.pictures import READER_VERSION
from distillation.models import Executor, TaskStatus, TrainingTask
from distillation.storage.cache import CacheEntry
from distillation.storage.local import json_object, run_dir

GOES_ON = (TaskStatus.QUEUED, TaskStatus.RUNNING, TaskStatus.PAUSED)
MAY_GO_ON = (TaskStatus.STOPPED, TaskStatus.FAILED)
"""They go on from a checkpoint where there is one, and then with the same outputs of the teacher or not at all."""

_NAMED = ("teacher_checksum", "adapter_checksum")
"""In checkpoints and results."""


@dataclass(slots=True)
class References:
    """Tasks by what their runs name."""

    opened: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """By kind and key."""
    checksums: dict[str, list[str]] = field(default_factory=dict)

    def tasks(self, entry: CacheEntry) -> tuple[str, ...]:
        """Ids of the tasks that name the entry."""
        by_content = self.checksums.get(entry.checksum, []) if entry.checksum else []
        return tuple(sorted({*self.opened.get((entry.kind, entry.key), []), *by_content}))


def of_living() -> References:
    """Of every task that is not deleted."""
    return _references(TrainingTask.objects.alive().values_list("task_id", flat=True))


def of_unfinished() -> References:
    """Of tasks that run, wait, or can go on from a checkpoint."""
    ours = TrainingTask.objects.alive().filter(executor=Executor.PLATFORM)
    rows = ours.filter(status__in=(*GOES_ON, *MAY_GO_ON)).values_list("task_id", "status")
    return _references(task_id for task_id, status in rows if status in GOES_ON or _has_checkpoint(run_dir(task_id)))


def opened(run: RunDir) -> list[dict[str, Any]]:
    """What the run has opened: kind, key, whether it was made for it, bytes. Empty for runs of earlier versions."""
    try:
        rows = json.loads(run.cache.read_text(encoding="utf-8"))
        return [
            {"kind": str(row["kind"]), "key": str(row["key"]), "made": bool(row["made"]), "bytes": int(row["bytes"])}
            for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return []


def _references(task_ids: Iterable[str]) -> References:
    found = References()
    for task_id in task_ids:
        run = run_dir(task_id)
        rows = opened(run)
        for row in rows:
            found.opened.setdefault((row["kind"], row["key"]), []).append(task_id)
        if not rows and run.data.is_file():  # of an earlier version; large, so not read without need
            found.opened.setdefault((PICTURES, _pack(run)), []).append(task_id)
        for checksum in _checksums(run):
            found.checksums.setdefault(checksum, []).append(task_id)
    return found


def _pack(run: RunDir) -> str:
    data, spec = json_object(run.data), json_object(run.spec)
    size, task_type = spec.get("student", {}).get("image_size"), spec.get("task_type")
    return picture_key(READER_VERSION, data.get("digest"), size, data.get("channels"), task_type)


def _checksums(run: RunDir) -> set[str]:
    records = [json_object(path) for path in (run.result, *run.checkpoints.glob("*/*.json"))]
    return {str(record[name]) for record in records for name in _NAMED if record.get(name)}


def _has_checkpoint(run: RunDir) -> bool:
    return any(run.checkpoints.glob("*/*.json"))
