"""How many pictures a second a model labels, and how long one takes: forward passes only, measured."""

from __future__ import annotations

import platform
import statistics
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from distillation.engine.stopping import StopRequest

MIN_REPEATS = 3
MIN_SECONDS = 0.5
_CPU = Path("/proc/cpuinfo")


def measure(model: nn.Module, batch: Tensor, stop: StopRequest) -> dict[str, Any]:
    """Time forward passes of ``batch [n, …]`` and of its first sample alone; the model is in evaluation mode then.

    One pass of each warms up; then at least three passes and half a second; medians count. Raises Stopped.
    """
    model.eval()
    seconds, alone = (_seconds(model, inputs, stop) for inputs in (batch, batch[:1]))
    return {
        "images_per_second": len(batch) / statistics.median(seconds),
        "latency_ms": 1000 * statistics.median(alone),
        "how": "forward passes only, median",
        "batch_size": len(batch),
        "repeats": len(seconds),
        "latency_repeats": len(alone),
        "threads": torch.get_num_threads(),
        "device": str(batch.device),
        "device_name": _device_name(batch.device),
    }


def _seconds(model: nn.Module, inputs: Tensor, stop: StopRequest) -> list[float]:
    """Of each pass after the first."""
    seconds: list[float] = []
    with torch.inference_mode():
        _pass(model, inputs)
        while len(seconds) < MIN_REPEATS or sum(seconds) < MIN_SECONDS:
            stop.check()
            seconds.append(_pass(model, inputs))
    return seconds


def _pass(model: nn.Module, batch: Tensor) -> float:
    begin = time.perf_counter()
    model(batch)
    if batch.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - begin


def _device_name(device: torch.device) -> str:
    """The GPU's or the processor's name, or what kind of machine it is."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    try:
        lines = _CPU.read_text(errors="replace").splitlines()
    except OSError:  # not Linux
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
