"""What the driver says, and what is made of its silence."""

from __future__ import annotations

from types import SimpleNamespace

import pynvml
import pytest

from distillation.jobs import devices


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        "nvmlInit": lambda: None,
        "nvmlShutdown": lambda: None,
        "nvmlSystemGetDriverVersion": lambda: "550.1",
        "nvmlDeviceGetCount": lambda: 2,
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetUUID": lambda handle: f"GPU-{handle}",
        "nvmlDeviceGetName": lambda handle: "A100",
        "nvmlDeviceGetMemoryInfo": lambda handle: SimpleNamespace(total=80 * 2**30),
    }
    for name, answer in answers.items():
        monkeypatch.setattr(pynvml, name, answer)


def fail(*arguments: object) -> None:
    raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)


def test_devices_are_named_with_their_memory(two_gpus):
    found = devices.driver()
    assert (found.version, found.gpus[1]) == ("550.1", devices.Gpu("GPU-1", "A100", 80 * 1024))
    assert devices.gpus() == list(found.gpus)


def test_a_host_without_a_driver_has_no_devices(monkeypatch):
    monkeypatch.setattr(pynvml, "nvmlInit", fail)
    assert devices.gpus() == []
    with pytest.raises(devices.NoDriver):
        devices.driver()


@pytest.mark.parametrize("silent", ["nvmlDeviceGetCount", "nvmlDeviceGetMemoryInfo", "nvmlSystemGetDriverVersion"])
def test_devices_that_do_not_answer_are_told_from_none(two_gpus, monkeypatch, silent):
    monkeypatch.setattr(pynvml, silent, fail)
    with pytest.raises(devices.SilentDevices):
        devices.driver()
    assert devices.gpus() == []
