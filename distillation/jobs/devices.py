"""Which GPUs this host has, asked of the driver; the worker must not load torch for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pynvml


@dataclass(frozen=True, slots=True)
class Gpu:
    """One device. ``uuid`` is what CUDA_VISIBLE_DEVICES takes."""

    uuid: str
    name: str
    memory_mb: int


@dataclass(frozen=True, slots=True)
class GpuUse:
    """What a device does at this moment; a figure that the driver does not tell is None."""

    percent: float | None
    memory_mb: float | None
    temperature: float | None
    """Degrees Celsius."""


def gpu_use(uuid: str) -> GpuUse | None:
    """Ask the driver about one device; None where there is no driver or no such device."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    try:
        handle = pynvml.nvmlDeviceGetHandleByUUID(uuid)
        memory = _told(lambda: pynvml.nvmlDeviceGetMemoryInfo(handle).used)
        return GpuUse(
            percent=_told(lambda: pynvml.nvmlDeviceGetUtilizationRates(handle).gpu),
            memory_mb=None if memory is None else memory / 2**20,
            temperature=_told(lambda: pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU)),
        )
    except pynvml.NVMLError:
        return None
    finally:
        pynvml.nvmlShutdown()


def _told(ask: Callable[[], float]) -> float | None:
    """The answer, or None: some devices do not know their utilisation or temperature."""
    try:
        return float(ask())
    except pynvml.NVMLError:
        return None


class NoDriver(Exception):  # noqa: N818 - a fact about the host
    """No NVIDIA driver answers on this host."""


class SilentDevices(Exception):  # noqa: N818 - a fact about the host
    """The driver answers, its devices do not."""


@dataclass(frozen=True, slots=True)
class Driver:
    """What the driver says about this host."""

    version: str
    gpus: tuple[Gpu, ...]


def driver() -> Driver:
    """Ask the driver which devices there are. Raises NoDriver and SilentDevices with NVML's words."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        raise NoDriver(str(error)) from error
    try:
        version = str(pynvml.nvmlSystemGetDriverVersion())
        handles = map(pynvml.nvmlDeviceGetHandleByIndex, range(pynvml.nvmlDeviceGetCount()))
        return Driver(version, tuple(_describe(handle) for handle in handles))
    except pynvml.NVMLError as error:
        raise SilentDevices(str(error)) from error
    finally:
        pynvml.nvmlShutdown()


def gpus() -> list[Gpu]:
    """The NVIDIA devices; an empty list on a host without a driver, or with devices that do not answer."""
    try:
        return list(driver().gpus)
    except (NoDriver, SilentDevices):
        return []


def _describe(handle: object) -> Gpu:
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    return Gpu(
        uuid=str(pynvml.nvmlDeviceGetUUID(handle)),
        name=str(pynvml.nvmlDeviceGetName(handle)),
        memory_mb=int(memory.total) // 2**20,
    )
