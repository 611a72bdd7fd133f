"""How large a batch may be: asked before a run that leaves it open, and after memory ran out."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from typing import Any

import psutil
import torch
from torch import Tensor, nn

from distillation.engine import failures
from distillation.engine.batches import Batch

LARGEST, STEPS_PER_EPOCH = 256, 8
"""A batch that is chosen is at most this large and leaves an epoch so many steps, where there are samples for them."""
SHARE = 0.5
"""Of the free memory; the rest is for pictures, the optimizer and others."""


def chosen(model: nn.Module, sample: Tensor, samples: int) -> int:
    """The largest power of two that fits memory and data; ``sample`` is an input of two samples.

    What a step keeps for its backward pass is counted, so that the answer does not depend on what runs beside it but
    by the free memory.
    """
    per_sample = max(1, kept_bytes(model, sample) // len(sample))
    room = int(SHARE * free_bytes(sample.device)) // (2 * per_sample)  # gradients of activations take as much again
    limit = max(2, min(LARGEST, samples // STEPS_PER_EPOCH, room))
    return 1 << (limit.bit_length() - 1)


def kept_bytes(model: nn.Module, inputs: Tensor) -> int:
    """Bytes that a training pass of ``inputs`` keeps for its backward pass; running means and generator stay."""
    seen: dict[int, int] = {}
    buffers = {name: value.clone() for name, value in model.named_buffers()}
    state = torch.get_rng_state()

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    was_training = model.training
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        outputs = model.train()(inputs)  # alive until the bytes are counted, so that no address is given out twice
    kept = sum(seen.values())
    del outputs
    model.train(was_training)
    for name, value in model.named_buffers():
        value.copy_(buffers[name])
    torch.set_rng_state(state)
    return kept


def free_bytes(device: torch.device) -> int:
    """What is free on the device, or on the machine."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def largest_that_runs(step: Callable[[Batch], None], batch: Batch) -> int | None:
    """Samples of ``batch`` that go through ``step``, halved until they do; None where none does."""
    size = len(batch.inputs) // 2
    while size:
        gc.collect()
        if batch.inputs.is_cuda:
            torch.cuda.empty_cache()
        if _runs(step, first(batch, size)):
            return size
        size //= 2
    return None


def first(batch: Batch, size: int) -> Batch:
    """The first samples of a batch."""
    return Batch(
        batch.inputs[:size], _first(batch.labels, size), _first(batch.teacher, size), min(batch.labelled, size)
    )


def _first(value: Any, size: int) -> Any:
    if isinstance(value, Tensor):
        return value[:size]
    if isinstance(value, list):  # a live teacher's pictures
        return value[:size]
    if isinstance(value, Mapping):
        return {name: _first(part, size) for name, part in value.items()}
    if isinstance(value, tuple):
        return type(value)(*(_first(part, size) for part in value))
    return value


def _runs(step: Callable[[Batch], None], batch: Batch) -> bool:
    try:
        step(batch)
    except ValueError:  # one sample is too few for a batch normalisation
        return False
    except (RuntimeError, MemoryError) as error:
        if not failures.is_out_of_memory(error):
            raise
        return False
    return True
