"""What a run uses of its machine: measured on real processes, stored once, never a guess."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pynvml
import pytest
from django.db import DatabaseError

from distillation.jobs import sampling
from distillation.jobs.devices import GpuUse, gpu_use
from distillation.jobs.sampling import GroupMeter, Sampler
from distillation.models import ResourceSample
from distillation.services import resource_samples
from distillation.tests.factories import TaskFactory

PARENT = """
import subprocess, sys
child = "keep = bytearray(80_000_000); print('ready', flush=True)\\nwhile True: pass"
subprocess.Popen([sys.executable, "-c", child]).wait()
"""


@pytest.fixture
def busy():
    """A process that only waits, for a child that keeps a core and 80 MB busy."""
    process = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.fixture
def task(db):
    return TaskFactory(status="RUNNING", attempt=2)


def test_the_children_of_the_engine_count(busy):
    meter = GroupMeter(busy.pid)
    meter.measure()
    time.sleep(0.5)
    cpu, memory = meter.measure()
    assert cpu is not None
    assert memory is not None
    assert 5 < cpu < 150  # of one core, which other processes may share
    assert memory > 80


def test_a_process_that_has_ended_is_no_figure():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert GroupMeter(process.pid).measure() == (None, None)


def test_a_sample_is_taken_when_it_is_due_and_stored_once(task, busy, monkeypatch):
    monkeypatch.setattr(sampling, "SAMPLE_SECONDS", 0.0)
    sampler = Sampler(task, busy.pid, ())
    sampler.take()
    sampler.store()
    sampler.store()
    row = ResourceSample.objects.get()
    assert (row.task_id, row.attempt) == (task.pk, 2)
    assert abs(row.time - time.time()) < 60
    assert row.memory_mb is not None
    assert row.memory_mb > 50
    assert row.host_memory_percent is not None
    assert 0 < row.host_memory_percent <= 100
    assert (row.gpu_percent, row.gpu_memory_mb, row.gpu_temperature) == (None, None, None)


def test_between_samples_nothing_is_measured(task, busy):
    sampler = Sampler(task, busy.pid, ())
    sampler.take()
    sampler.store()
    assert not ResourceSample.objects.exists()


def test_an_engine_elsewhere_is_not_measured(task, monkeypatch):
    monkeypatch.setattr(sampling, "SAMPLE_SECONDS", 0.0)
    sampler = Sampler(task, None, ())
    sampler.take()
    sampler.store()
    assert not ResourceSample.objects.exists()


def test_samples_wait_for_a_database_that_is_away(task, busy, monkeypatch):
    monkeypatch.setattr(sampling, "SAMPLE_SECONDS", 0.0)
    monkeypatch.setattr(sampling, "KEPT", 3)
    sampler = Sampler(task, busy.pid, ())

    def away(*_):
        raise DatabaseError

    with monkeypatch.context() as context:
        context.setattr(resource_samples, "store", away)
        for _ in range(5):
            sampler.take()
            with pytest.raises(DatabaseError):
                sampler.store()
    sampler.store()
    assert ResourceSample.objects.count() == 3


def test_the_gpus_figures_are_those_of_the_driver(task, busy, monkeypatch):
    monkeypatch.setattr(sampling, "SAMPLE_SECONDS", 0.0)
    monkeypatch.setattr(sampling, "gpu_use", lambda uuid: GpuUse(87.0, 1024.0, None))
    sampler = Sampler(task, busy.pid, ("GPU-1",))
    sampler.take()
    sampler.store()
    row = ResourceSample.objects.get()
    assert (row.gpu_percent, row.gpu_memory_mb, row.gpu_temperature) == (87.0, 1024.0, None)


def test_without_a_driver_there_are_no_figures():
    assert gpu_use("GPU-nothing") is None


def test_a_figure_that_the_driver_does_not_tell_is_none(monkeypatch):
    def silent(*_):
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)

    class Memory:
        used = 3 * 2**20

    for name, answer in {
        "nvmlInit": lambda: None, "nvmlShutdown": lambda: None, "nvmlDeviceGetHandleByUUID": lambda uuid: object(),
        "nvmlDeviceGetMemoryInfo": lambda handle: Memory, "nvmlDeviceGetUtilizationRates": silent,
        "nvmlDeviceGetTemperature": lambda handle, sensor: 61,
    }.items():  # fmt: skip
        monkeypatch.setattr(pynvml, name, answer)
    assert gpu_use("GPU-1") == GpuUse(percent=None, memory_mb=3.0, temperature=61.0)
