"""The worker: claims tasks, labelling jobs and trials, keeps their engines company, reaps lost ones. Needs no broker.

One thread and one loop; what may take long happens in the engines.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import socket
import time
from datetime import timedelta
from types import FrameType
from typing import Protocol

from django.db import Error as DatabaseError
from django.db import close_old_connections, connections
from django.utils import timezone

from distillation import lifecycle
from distillation.jobs.devices import Gpu, gpus
from distillation.jobs.housekeeping import tidy, tidy_cache, tidy_uploads
from distillation.jobs.labelling import LabellingSupervisor
from distillation.jobs.launcher import LABEL, TRY, Launcher, LocalLauncher
from distillation.jobs.reaper import reap
from distillation.jobs.supervisor import Supervisor
from distillation.jobs.trying import TrialSupervisor
from distillation.models import InferenceJob, TrainingTask, Trial, Worker
from distillation.services import inference_states, trial_states
from distillation.services.workers import living_workers, named_gpus

log = logging.getLogger(__name__)

TICK_SECONDS = 0.2
TIDY_SECONDS = 3600.0
CACHE_SECONDS = 600.0
LEAVE_SECONDS = 90.0
"""How long a worker waits for its engines' last checkpoints when it is told to go."""
FORGET_WORKERS_AFTER = timedelta(days=7)


class Supervised(Protocol):
    """What fills a slot: a training run or a labelling job."""

    gpus: tuple[str, ...]
    """Uuids of those that it has."""

    def tend(self) -> bool:
        """Do what is due; True when the slot is free. Raises DatabaseError."""

    def leave(self) -> None:
        """End soon and give the work back."""

    def abandon(self) -> None:
        """End at once."""


class WorkerLoop:
    """One worker process."""

    def __init__(self, slots: int, *, once: bool = False, launcher: Launcher | None = None) -> None:
        self._once = once
        self._launcher: Launcher = launcher or LocalLauncher()
        self._labelling: Launcher = launcher or LocalLauncher(LABEL)
        self._trying: Launcher = launcher or LocalLauncher(TRY)
        self._gpus: list[Gpu] = gpus()
        self._slots = len(self._gpus) or slots
        self._held: set[str] = set()
        """GPUs that tasks of the queue wait for by number: what comes after them may not take these."""
        self._threads = max(1, len(os.sched_getaffinity(0)) // self._slots)
        self._name = f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(3)}"
        self._running: list[Supervised] = []
        self._trial: TrialSupervisor | None = None
        """One at a time, beside what fills the slots: somebody sits and waits for it."""
        self._leaving_since: float | None = None
        self._heartbeat_at = self._tidied_at = self._cache_at = float("-inf")

    def run(self) -> None:
        """Work until told to go, or with ``once`` until nothing is left to do."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._go)
        log.info("worker %s: %s", self._name, self._what_it_has())
        try:
            while not self._tick():
                time.sleep(TICK_SECONDS)
        finally:
            for supervisor in (*self._running, *self._trials()):
                supervisor.abandon()
            self._sign_off()

    def _tick(self) -> bool:
        """One round; True when the worker may end. A database that is away is waited for."""
        try:
            close_old_connections()
            self._heartbeat()
            self._tend()
            if self._leaving_since is not None:
                return not self._busy() or time.monotonic() - self._leaving_since > LEAVE_SECONDS
            self._claim_trial()
            self._fill_slots()
        except DatabaseError:
            log.exception("the database does not answer; engines go on, trying again")
            connections.close_all()
            time.sleep(1.0)
            return self._leaving_since is not None and time.monotonic() - self._leaving_since > LEAVE_SECONDS
        return self._once and not self._busy()

    def _tend(self) -> None:
        for supervisor in list(self._running):
            if self._leaving_since is not None:
                supervisor.leave()
            if supervisor.tend():
                self._running.remove(supervisor)
        for trial in self._trials():
            if self._leaving_since is not None:
                trial.leave()
            if trial.tend():
                self._trial = None

    def _trials(self) -> tuple[TrialSupervisor, ...]:
        return () if self._trial is None else (self._trial,)

    def _busy(self) -> bool:
        return bool(self._running or self._trials())

    def _fill_slots(self) -> None:
        while len(self._running) < self._slots and (self._free_gpus() or not self._gpus):
            claimed = self._claim()
            if claimed is None:
                return
            self._running.append(claimed)

    def _claim(self) -> Supervised | None:
        """What has waited longest, of either kind; the other kind when others were faster with all of the first."""
        job = InferenceJob.objects.queued().first()
        if job is None:
            return self._claim_task()
        task = TrainingTask.objects.queued().first()
        task_first = task is not None and (task.queued_at is None or task.queued_at <= job.queued_at)
        first, second = (self._claim_task, self._claim_job) if task_first else (self._claim_job, self._claim_task)
        return first() or second()

    def _claim_task(self) -> Supervised | None:
        """The first task of the queue that this worker has room for; another worker may be faster with some."""
        self._held = set()
        for task in TrainingTask.objects.queued()[: self._slots + 8]:
            gpus = self._gpus_for(task)
            if gpus is not None and lifecycle.claim(task, self._name):
                return Supervisor(task, self._name, self._launcher, threads=self._threads, gpus=gpus)
        return None

    def _claim_job(self) -> Supervised | None:
        """The same for labelling jobs."""
        gpus = self._any_gpu()
        if gpus is None:
            return None
        for job in InferenceJob.objects.queued()[: self._slots + 8]:
            if inference_states.claim(job, self._name):
                return LabellingSupervisor(job, self._name, self._labelling, threads=self._threads, gpus=gpus)
        return None

    def _claim_trial(self) -> None:
        """The next one in its queue, where none is being looked after."""
        if self._trial is None:
            for trial in Trial.objects.queued()[:8]:
                if trial_states.claim(trial, self._name):
                    self._trial = TrialSupervisor(trial, self._name, self._trying, threads=self._threads)
                    return

    def _gpus_for(self, task: TrainingTask) -> tuple[str, ...] | None:
        """Those that the task names, or any one; None where it must wait, or wait for another worker.

        One that names GPUs that nobody has is taken and refused when its run is prepared.
        """
        numbers = named_gpus(task)
        if not numbers:
            return self._any_gpu()
        if max(numbers) >= len(self._gpus):
            return None if any(worker.has(numbers) for worker in living_workers()) else ()
        named = tuple(self._gpus[number].uuid for number in numbers)
        free = set(self._free_gpus()) - self._held
        if free.issuperset(named):
            return named
        self._held.update(named)
        return None

    def _any_gpu(self) -> tuple[str, ...] | None:
        """One that nobody has or waits for; none at all on a host without GPUs."""
        if not self._gpus:
            return ()
        return next(((uuid,) for uuid in self._free_gpus() if uuid not in self._held), None)

    def _free_gpus(self) -> list[str]:
        taken = {uuid for supervisor in self._running for uuid in supervisor.gpus}
        return [gpu.uuid for gpu in self._gpus if gpu.uuid not in taken]

    def _heartbeat(self) -> None:
        now = time.monotonic()
        if now - self._heartbeat_at < lifecycle.RENEW_SECONDS:
            return
        moment = timezone.now()
        Worker.objects.update_or_create(
            name=self._name,
            defaults={"seen_at": moment},
            create_defaults={
                "seen_at": moment,
                "started_at": moment,
                "host": socket.gethostname()[:255],
                "pid": os.getpid(),
                "slots": self._slots,
                "devices": json.dumps([f"{gpu.name} ({gpu.memory_mb} MB)" for gpu in self._gpus]),
            },
        )
        Worker.objects.filter(seen_at__lt=moment - FORGET_WORKERS_AFTER).delete()
        reap()
        if now - self._tidied_at > TIDY_SECONDS:
            tidy()
            tidy_uploads()
            self._tidied_at = now
        if now - self._cache_at > CACHE_SECONDS and not tidy_cache():
            self._cache_at = now
        self._heartbeat_at = now

    def _sign_off(self) -> None:
        try:
            Worker.objects.filter(name=self._name).delete()
        except DatabaseError:
            log.warning("the database does not answer; the worker's row stays until it is forgotten")

    def _go(self, number: int, frame: FrameType | None) -> None:
        if self._leaving_since is None:
            self._leaving_since = time.monotonic()

    def _what_it_has(self) -> str:
        if self._gpus:
            return f"{len(self._gpus)} GPUs"
        return f"{self._slots} slots of {self._threads} threads, no GPU"
