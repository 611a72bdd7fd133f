"""The machines on the front page: workers with their slots and devices, what runs use of them, and the disk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from distillation import selectors
from distillation.admin import figures
from distillation.models import Worker
from distillation.selectors import overview
from distillation.selectors.overview import Usage, newest
from distillation.storage.disk_use import disk_use

MOST_POINTS = 40
WIDTH, HEIGHT = 80, 18
MB = 2**20


def rows(workers: list[Worker]) -> list[dict[str, Any]]:
    """A row for each worker; two queries."""
    usages, busy = overview.usages(), overview.busy()
    alive_since = timezone.now() - selectors.WORKER_SILENCE
    return [_row(worker, usages.get(worker.name, []), busy[worker.name], alive_since) for worker in workers]


def disk() -> dict[str, Any]:
    """The disk of the home, and what is large on it; no query."""
    use = disk_use()
    names = {"runs": _("Runs"), "cache": _("Cache"), "datasets": _("Data sets"), "models": _("Models"),
             "inference": _("Labelling jobs")}  # fmt: skip
    folders = sorted(use.folders.items(), key=lambda pair: -pair[1])
    largest = max(use.folders.values(), default=0)
    return {
        "used": figures.size(use.total - use.free),
        "free": figures.size(use.free),
        "percent": round(100 * (use.total - use.free) / use.total) if use.total else 0,
        "folders": [
            {
                "name": names.get(name, name),
                "size": figures.size(size) if use.whole else _("at least %(size)s") % {"size": figures.size(size)},
                "percent": round(100 * size / largest) if largest else 0,
            }
            for name, size in folders
        ],
        "as_of": clock(use.counted_at) if use.counted_at else "",
    }


def _row(worker: Worker, usages: list[Usage], busy: int, alive_since: datetime) -> dict[str, Any]:
    alive = worker.seen_at >= alive_since
    devices = _devices(worker)
    return {
        "key": f"h{worker.pk}",
        "host": worker.host,
        "name": worker.name,
        "alive": alive,
        "seen": figures.ago(worker.seen_at),
        "seen_at": figures.moment(worker.seen_at),
        "slots": _("%(busy)s of %(slots)s") % {"busy": busy, "slots": worker.slots},
        "devices": ", ".join(devices),
        "meters": _meters(usages, bool(devices)) if usages else [],
        "unmeasured": "" if usages else _unmeasured(busy),
        "as_of": clock(max(usage.at for usage in usages)) if usages else "",
    }


def _unmeasured(busy: int) -> str:
    if busy:
        return _("nothing was measured in the last 5 minutes")
    return _("nothing runs here, so nothing is measured")


def _meters(usages: list[Usage], has_gpu: bool) -> list[dict[str, str]]:
    """CPU, memory and GPU as (label, figure, note, line); a dash and the reason where one is not measured."""
    host = max(usages, key=lambda usage: usage.at)
    cpu, memory = _sum(newest(usage.cpu) for usage in usages), newest(host.host_memory)
    held = _sum(usage.memory_mb for usage in usages)
    return [
        _meter(_("CPU"), figures.percent(cpu, 0), _("of its runs; 100 % is one core"), _line(_together(usages))),
        _meter(
            _("Memory"),
            figures.percent(memory, 0),
            _("of the host; its runs hold %(size)s") % {"size": figures.size(held * MB if held is not None else None)},
            _line(host.host_memory, 100),
        ),
        _gpu(usages, has_gpu),
    ]


def _gpu(usages: list[Usage], has_gpu: bool) -> dict[str, str]:
    if not has_gpu:
        return _meter("GPU", "", _("no GPU on this host"))
    loads = [load for usage in usages if (load := newest(usage.gpu)) is not None]
    held = _sum(usage.gpu_memory_mb for usage in usages)
    if not loads:
        return _meter("GPU", "", _("the driver does not tell"))
    note = _("%(size)s in use") % {"size": figures.size(held * MB if held is not None else None)}
    return _meter("GPU", figures.percent(sum(loads) / len(loads), 0), note, _line(usages[0].gpu, 100))


def _meter(label: str, figure: str, note: str, line: str = "") -> dict[str, str]:
    return {"label": label, "figure": figure or figures.DASH, "note": note, "line": line}


def _together(usages: list[Usage]) -> list[float | None]:
    """The load of all runs, from their last samples backwards; as long as the shortest."""
    length = min(len(usage.cpu) for usage in usages)
    columns = zip(*(usage.cpu[-length:] for usage in usages), strict=True)
    return [_sum(column) for column in columns]


def _line(values: Sequence[float | None], top: float | None = None) -> str:
    """The points of a small line, oldest first; empty with less than two values."""
    known = [value for value in values[-MOST_POINTS:] if value is not None]
    if len(known) < 2:
        return ""
    highest = max(top or 0.0, *known) or 1.0
    step = WIDTH / (len(known) - 1)
    return " ".join(
        f"{index * step:.1f},{HEIGHT - 1 - (HEIGHT - 2) * value / highest:.1f}" for index, value in enumerate(known)
    )


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _devices(worker: Worker) -> list[str]:
    try:
        names = json.loads(worker.devices)
    except ValueError:
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def clock(at: float) -> str:
    """The time of day in the site's zone."""
    return timezone.localtime(datetime.fromtimestamp(at, UTC)).strftime("%H:%M:%S")
