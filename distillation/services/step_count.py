"""Whether a run has enough optimizer steps to learn, and which batch size and epochs give it enough.

One rule, from the number of steps alone: while there are fewer than ENOUGH, the batch is halved, down to
SMALLEST_BATCH; then the epochs are raised.
"""

from __future__ import annotations

from dataclasses import dataclass

from distillation.contract.batches import steps_per_epoch
from distillation.contract.create_request import CreateRequest

ENOUGH = 1000
SMALLEST_BATCH = 8


@dataclass(frozen=True, slots=True)
class Length:
    """How long one arm trains."""

    batch: int
    epochs: int
    steps: int


def length_of(request: CreateRequest, samples: int, batch: int, epochs: int) -> Length:
    """With another batch size and other epochs than the request's; ``samples`` are those of an epoch."""
    a_pass = steps_per_epoch(samples, batch, request.values["gradAccumSteps"], request.processes())
    return Length(batch, epochs, epochs * a_pass)


def enough(request: CreateRequest, samples: int, batch: int, epochs: int) -> Length:
    """The same length where it has enough steps, else one that has."""
    found = length_of(request, samples, batch, epochs)
    while found.steps < ENOUGH and found.batch > SMALLEST_BATCH:
        found = length_of(request, samples, max(found.batch // 2, SMALLEST_BATCH), epochs)
    a_pass = found.steps // epochs
    return found if found.steps >= ENOUGH else length_of(request, samples, found.batch, -(-ENOUGH // a_pass))
