"""Adapters in a network: put in by the library peft, kept as tensors, merged back into plain weights."""

from __future__ import annotations

import copy
import functools
import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from distillation.contract.lora import LoraSpec
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import named, shown
from distillation.engine import students
from distillation.engine.events import EventWriter
from distillation.engine.lora.modules import choose

NAME = "default"
"""Of the one adapter that a network has, inside peft."""


@dataclass(frozen=True, slots=True)
class StoredAdapter:
    """A finished adapter on disk."""

    lora: LoraSpec
    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Inserted:
    """What was put into a network."""

    lora: LoraSpec
    owner: str
    modules: tuple[str, ...]
    absent: tuple[str, ...]
    """Names of the settings that stand for no module."""
    trainable: int
    """Parameters that learn: adapters, and the biases that the settings name."""
    parameters: int
    """Of the network without adapters."""

    def counted(self, network: nn.Module) -> Inserted:
        """The same with the parameters that learn in ``network`` now."""
        return replace(self, trainable=sum(parameter.numel() for parameter in learning(network).values()))

    def report(self, events: EventWriter) -> None:
        """Say in the log what learns."""
        params = {
            "count": len(self.modules),
            "owner": shown(self.owner),
            "modules": named(self.modules),
            "trainable": self.trainable,
            "parameters": self.parameters,
            "share": round(100 * self.trainable / self.parameters, 2),
        }
        sentence = gettext_noop(
            "LoRA adapts {count} modules of {owner}: {modules}. {trainable} parameters learn, {share} % of its "
            "{parameters}."
        )
        events.log("info", Sentence(sentence, params))
        if self.absent:
            missing = gettext_noop("LoRA: {owner} has no module called {names}; the other names are adapted.")
            events.log("warning", Sentence(missing, {"owner": shown(self.owner), "names": named(self.absent)}))

    def facts(self) -> dict[str, Any]:
        """For the result."""
        return {
            **{name: getattr(self.lora, name) for name in ("target", "rank", "alpha", "dropout", "bias")},
            "target_modules": list(self.lora.target_modules),
            "layers": "all" if self.lora.layers is None else list(self.lora.layers),
            "name": self.owner,
            "modules": list(self.modules),
            "absent_modules": list(self.absent),
            "trainable_parameters": self.trainable,
            "parameters": self.parameters,
        }


def insert(network: nn.Module, lora: LoraSpec, owner: str) -> Inserted:
    """Put adapters into ``network`` and freeze everything else but the biases that the settings name.

    ``A`` is drawn from torch's global generator, ``B`` is zero: the network answers as before. Raises Refused.
    """
    chosen = choose(network, lora, owner)
    parameters = students.parameter_count(network)
    config = _peft().LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=list(chosen.paths),
        bias=lora.bias,
    )
    _peft().inject_adapter_in_model(config, network, adapter_name=NAME)
    return Inserted(lora, owner, chosen.paths, chosen.absent, 0, parameters).counted(network)


def learning(network: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters that learn, by name, in the network's order."""
    return {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}


def adapted_layers(network: nn.Module) -> Iterator[tuple[str, Any]]:
    """Path and layer of every adapted module."""
    layer_type = _peft().tuners.lora.LoraLayer
    return ((path, module) for path, module in network.named_modules() if isinstance(module, layer_type))


def merge(network: nn.Module) -> None:
    """Replace every adapted module by a plain one with W + alpha / rank · B A."""
    for path, layer in list(adapted_layers(network)):
        base = layer.get_base_layer()
        with torch.no_grad():
            base.weight.add_(layer.get_delta_weight(NAME))
        parent, _, child = path.rpartition(".")
        setattr(network.get_submodule(parent), child, base)


def merged(network: nn.Module) -> nn.Module:
    """A copy with plain weights; the network itself keeps its adapters."""
    plain = copy.deepcopy(network)
    merge(plain)
    return plain


def restore(network: nn.Module, stored: StoredAdapter, owner: str) -> None:
    """Give ``network`` the stored adapter, merged into its weights. Raises Refused for a damaged or foreign one."""
    insert(network, stored.lora, owner)
    try:
        tensors = safetensors.torch.load_file(stored.path)
        load(network, tensors)
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise Refused(
            Sentence(
                gettext_noop("The adapter of {owner} cannot be read ({error}). Start the task again; it is made anew."),
                {"owner": shown(owner), "error": " ".join(str(error).split())[:200]},
            )
        ) from error
    merge(network)


@torch.no_grad()
def load(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Copy kept parameters into those that learn. Raises KeyError and RuntimeError where they do not fit."""
    for name, parameter in learning(network).items():
        parameter.copy_(tensors[name])


@functools.cache
def _peft() -> Any:
    """The library, for runs that adapt alone: it would cost every start of an engine four seconds."""
    return importlib.import_module("peft")
