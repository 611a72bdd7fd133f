"""A student that learns through adapters, and is validated and delivered with plain weights."""

from __future__ import annotations

import re
from dataclasses import dataclass

from torch import Tensor, nn

from distillation.contract.lora import LoraSpec
from distillation.engine.evaluation import Outcome, Validation
from distillation.engine.lora.adapter import Inserted, insert, merged
from distillation.engine.stopping import StopRequest
from distillation.engine.students import key_maps


def adapt(model: nn.Module, settings: LoraSpec, arch: str) -> Inserted:
    """Put adapters into a student; besides them its last layer learns, whose classes are new. Raises Refused."""
    inserted = insert(model, settings, arch)
    last = key_maps.class_layers(arch).last
    for name, parameter in model.named_parameters():
        if re.fullmatch(last, name.replace(".base_layer.", ".")):
            parameter.requires_grad_(True)
    return inserted.counted(model)


def plain_weights(model: nn.Module, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """``weights``, which have the names of the model with adapters, merged: W + alpha / rank · B A, on the CPU."""
    model.load_state_dict(weights)
    return {name: tensor.detach().cpu() for name, tensor in merged(model).state_dict().items()}


@dataclass(frozen=True, slots=True)
class MergedValidation:
    """Validates what would be delivered: rounding in the merge may turn an answer that hangs in the balance."""

    plain: Validation

    @property
    def count(self) -> int:
        """Number of samples."""
        return self.plain.count

    @property
    def tolerance(self) -> float:
        """As of the plain one."""
        return self.plain.tolerance

    def __call__(self, model: nn.Module, stop: StopRequest) -> Outcome:
        """Merge a copy, and ask it."""
        model.eval()
        return self.plain(merged(model), stop)

    def inputs(self, count: int) -> Tensor:
        """The first ``count`` inputs."""
        return self.plain.inputs(count)
