"""How many pictures a second a model labels: forward passes only, measured, never estimated."""

from __future__ import annotations

import statistics
import time
from typing import Any

import torch
from torch import Tensor, nn

from distillation.engine.stopping import StopRequest

MIN_REPEATS = 3
MIN_SECONDS = 0.5


def measure(model: nn.Module, batch: Tensor, stop: StopRequest) -> dict[str, Any]:
    """Time forward passes of ``batch [n, channels, size, size]``; the model is in evaluation mode afterwards.

    One pass warms up; then at least three passes and half a second; the median counts. Raises Stopped.
    """
    model.eval()
    seconds: list[float] = []
    with torch.inference_mode():
        _pass(model, batch)
        while len(seconds) < MIN_REPEATS or sum(seconds) < MIN_SECONDS:
            stop.check()
            seconds.append(_pass(model, batch))
    return {
        "images_per_second": len(batch) / statistics.median(seconds),
        "how": "forward passes only, median",
        "batch_size": len(batch),
        "repeats": len(seconds),
        "threads": torch.get_num_threads(),
        "device": str(batch.device),
    }


def _pass(model: nn.Module, batch: Tensor) -> float:
    begin = time.perf_counter()
    model(batch)
    if batch.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - begin
