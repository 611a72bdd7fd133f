"""Optimizers, and the learning rate as a pure function of the optimizer step (so that a resume needs no state)."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import nn

from distillation.contract.spec import TrainSpec
from distillation.engine.importing import uncollected

MOMENTUM = 0.9
"""Of sgd. All other parameters of the optimizers are PyTorch's defaults; rmsprop has no momentum."""

POWER = 0.9
"""Of the polynomial schedule, as usual in segmentation (Chen et al. 2017, arXiv:1606.00915)."""

STAGES, STAGE_FACTOR = 3, 0.1
"""Of the step schedule: a tenth of the rate in each further third, as 30 of 90 epochs (He et al. 2016)."""


@uncollected()  # the first optimizer of a process imports the compiler of torch
def build(model: nn.Module, train: TrainSpec) -> torch.optim.Optimizer:
    """Build the optimizer over all parameters that are trained; weight decay applies to every one of them."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    rate, decay = train.learning_rate, train.weight_decay
    match train.optimizer:
        case "adamw":
            return torch.optim.AdamW(parameters, lr=rate, weight_decay=decay, fused=True)
        case "adam":
            return torch.optim.Adam(parameters, lr=rate, weight_decay=decay, fused=True)
        case "sgd":
            return torch.optim.SGD(parameters, lr=rate, momentum=MOMENTUM, weight_decay=decay, fused=True)
        case "adagrad":
            return torch.optim.Adagrad(parameters, lr=rate, weight_decay=decay)
        case "rmsprop":
            return torch.optim.RMSprop(parameters, lr=rate, weight_decay=decay)


def forget_gradients(optimizer: torch.optim.Optimizer) -> None:
    """As ``optimizer.zero_grad()``, without its marks for a profiler: 2 % of a small student's step. Hot."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = None


def learning_rate(train: TrainSpec, step: int, total_steps: int, *, warmup_steps: int = 0) -> float:
    """The rate for optimizer step ``step`` (from 0) of ``total_steps``. Hot: once a step.

    The first ``warmup_steps`` rise linearly, from 1/warmup_steps of the rate to all of it; the schedule runs over the
    steps after them. Cosine, linear and polynomial end near 0.
    """
    if step < warmup_steps:
        return train.learning_rate * (step + 1) / warmup_steps
    share = (step - warmup_steps) / (total_steps - warmup_steps)
    return train.learning_rate * _SCHEDULES[train.schedule](share)


def warmup_steps(share: float, total_steps: int) -> int:
    """``share`` of all steps, rounded to the nearest; at least one step is left for the schedule."""
    return min(round(share * total_steps), max(0, total_steps - 1))


def _cosine(share: float) -> float:
    return 0.5 * (1.0 + math.cos(math.pi * share))


def _linear(share: float) -> float:
    return 1.0 - share


def _constant(_share: float) -> float:
    return 1.0


def _polynomial(share: float) -> float:
    return (1.0 - share) ** POWER


def _step(share: float) -> float:
    return STAGE_FACTOR ** math.floor(STAGES * share)


_SCHEDULES: dict[str, Callable[[float], float]] = {
    "cosine": _cosine,
    "linear": _linear,
    "constant": _constant,
    "polynomial": _polynomial,
    "step": _step,
}
