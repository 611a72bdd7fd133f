"""What a run uses of this machine, measured every few seconds and stored in batches.

A figure that cannot be measured is None, never a guess. Nothing here may disturb the run: a process that ends while
it is looked at is left out.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import psutil

from distillation.jobs.devices import gpu_use
from distillation.models import TrainingTask
from distillation.services import resource_samples
from distillation.services.resource_samples import Reading

SAMPLE_SECONDS = 5.0
KEPT = 720
"""Samples (an hour) that wait for a database that is away; the oldest are given up first."""


class GroupMeter:
    """CPU and memory of a process and all its descendants."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._seconds: dict[tuple[int, float], float] = {}
        """CPU seconds so far, by process id and start: ids are given again."""
        self._measured_at = time.monotonic()

    def measure(self) -> tuple[float | None, float | None]:
        """CPU in percent since the last call (100 is one core) and resident memory in MiB."""
        seconds: dict[tuple[int, float], float] = {}
        memory = 0
        for process in self._processes():
            try:
                with process.oneshot():
                    used = process.cpu_times()
                    seconds[process.pid, process.create_time()] = used.user + used.system
                    memory += process.memory_info().rss
            except psutil.Error:
                continue
        now = time.monotonic()
        elapsed = now - self._measured_at
        spent = sum(used - self._seconds.get(key, 0.0) for key, used in seconds.items())
        self._seconds, self._measured_at = seconds, now
        if not seconds or elapsed <= 0:
            return None, None
        return 100.0 * spent / elapsed, memory / 2**20

    def _processes(self) -> list[psutil.Process]:
        try:
            root = psutil.Process(self._pid)
            return [root, *root.children(recursive=True)]
        except psutil.Error:
            return []


class Sampler:
    """The samples of one attempt."""

    def __init__(self, task: TrainingTask, pid: int | None, gpus: tuple[str, ...]) -> None:
        """``pid``: the engine's, None where it runs on another host; ``gpus``: uuids of its devices."""
        self._task = task
        self._meter = None if pid is None else GroupMeter(pid)
        self._gpus = gpus
        self._waiting: list[Reading] = []
        self._due = time.monotonic() + SAMPLE_SECONDS

    def take(self) -> None:
        """Measure when it is time. Needs no database."""
        now = time.monotonic()
        if self._meter is None or now < self._due:
            return
        self._due = now + SAMPLE_SECONDS
        cpu, memory = self._meter.measure()
        if memory is None:
            return  # the engine has just ended
        uses = [use for gpu in self._gpus if (use := gpu_use(gpu)) is not None]
        self._waiting.append(
            Reading(
                time=round(time.time(), 3),
                cpu_percent=cpu,
                memory_mb=memory,
                host_memory_percent=psutil.virtual_memory().percent,
                gpu_percent=_of_all([use.percent for use in uses], statistics.mean),
                gpu_memory_mb=_of_all([use.memory_mb for use in uses], sum),
                gpu_temperature=_of_all([use.temperature for use in uses], max),
            )
        )
        del self._waiting[:-KEPT]

    def store(self) -> None:
        """Write what waits. Raises DatabaseError; call again later."""
        if self._waiting:
            resource_samples.store(self._task, self._waiting)
            self._waiting = []


def _of_all(figures: list[float | None], combine: Callable[[list[float]], float]) -> float | None:
    """One figure for several GPUs: the mean load, all memory, the hottest; None where one does not tell."""
    told = [figure for figure in figures if figure is not None]
    return combine(told) if told and len(told) == len(figures) else None
