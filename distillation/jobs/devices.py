"""Which GPUs this host has, asked of the driver; the worker must not load torch for it."""

from __future__ import annotations

from dataclasses import dataclass

import pynvml


@dataclass(frozen=True, slots=True)
class Gpu:
    """One device. ``uuid`` is what CUDA_VISIBLE_DEVICES takes."""

    uuid: str
    name: str
    memory_mb: int


def gpus() -> list[Gpu]:
    """The NVIDIA devices; an empty list on a host without a driver (NVML raises there)."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    try:
        return [_describe(pynvml.nvmlDeviceGetHandleByIndex(index)) for index in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError:
        return []
    finally:
        pynvml.nvmlShutdown()


def _describe(handle: object) -> Gpu:
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    return Gpu(
        uuid=str(pynvml.nvmlDeviceGetUUID(handle)),
        name=str(pynvml.nvmlDeviceGetName(handle)),
        memory_mb=int(memory.total) // 2**20,
    )
