"""Optimizers, and the learning rate as a pure function of the optimizer step (so that a resume needs no state)."""

from __future__ import annotations

import math

import torch
from torch import nn

from distillation.contract.spec import TrainSpec

MOMENTUM = 0.9


def build(model: nn.Module, train: TrainSpec) -> torch.optim.Optimizer:
    """Build the optimizer over all parameters; weight decay applies to every one of them."""
    parameters = list(model.parameters())
    if train.optimizer == "sgd":
        return torch.optim.SGD(
            parameters, lr=train.learning_rate, momentum=MOMENTUM, weight_decay=train.weight_decay, fused=True
        )
    kind = torch.optim.AdamW if train.optimizer == "adamw" else torch.optim.Adam
    return kind(parameters, lr=train.learning_rate, weight_decay=train.weight_decay, fused=True)


def learning_rate(train: TrainSpec, step: int, total_steps: int) -> float:
    """The rate for optimizer step ``step`` (from 0) of ``total_steps``; cosine and linear end near 0."""
    share = step / total_steps
    if train.schedule == "cosine":
        return train.learning_rate * 0.5 * (1.0 + math.cos(math.pi * share))
    if train.schedule == "linear":
        return train.learning_rate * (1.0 - share)
    return train.learning_rate
