"""What the engine uses of the machine, for the curves; measured, or None where it cannot be."""

from __future__ import annotations

import psutil
import torch

_PROCESS = psutil.Process()


def memory_mb() -> float:
    """Resident memory of this process in MiB."""
    return float(_PROCESS.memory_info().rss) / 2**20


def gpu_percent(device: str) -> float | None:
    """Utilisation of the GPU that trains; None on a CPU and where the driver does not tell."""
    if device == "cpu":
        return None
    try:
        return float(torch.cuda.utilization())
    except Exception:  # noqa: BLE001 - NVML raises kinds of its own, and a missing figure must not end a run
        return None
