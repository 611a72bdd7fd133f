"""Which modules of a network get adapters: names as people write them, matched against the network's own paths."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn

from distillation.contract.lora import LoraSpec
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import named, shown

USUAL = ("q_proj", "v_proj")
"""Query and value, as Hu et al. 2022 (section 7.1) found best for a given number of parameters."""
SYNONYMS = (
    ("q_proj", "query", "q"),
    ("k_proj", "key", "k"),
    ("v_proj", "value", "v"),
    ("o_proj", "out_proj", "attention.output.dense", "dense"),
)
"""Architectures, and releases of transformers, name the same projection differently."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Modules of one network."""

    paths: tuple[str, ...]
    """In the network's order."""
    absent: tuple[str, ...]
    """Names that stand for no module of it."""


def choose(network: nn.Module, lora: LoraSpec, owner: str) -> Chosen:
    """The modules of ``network``, which belongs to ``owner``, that the settings name.

    Layers are counted over the places that hold such a module: the blocks of a transformer in their order, also
    through the stages of a Swin. Raises Refused where nothing is matched, or a layer does not exist.
    """
    able = [path for path, module in network.named_modules() if _takes(module)]
    if lora.target_modules:
        found = {name: _named(able, name) for name in lora.target_modules}
        absent = tuple(name for name, paths in found.items() if not paths)
        wanted = {path for paths in found.values() for path in paths}
    else:
        absent, wanted = (), set(_usual(able))
    paths = [path for path in able if path in wanted]
    if not paths:
        raise _nothing(lora.target_modules or USUAL, able, owner)
    return Chosen(tuple(_in_layers(paths, lora.layers, owner)), absent)


def _takes(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.groups == 1)


def _named(able: list[str], name: str) -> list[str]:
    """By the name itself, else by the first of its synonyms that the network has."""
    others = next((group for group in SYNONYMS if name in group), ())
    for spelled in (name, *(other for other in others if other != name)):
        if paths := [path for path in able if path == spelled or path.endswith(f".{spelled}")]:
            return paths
    return []


def _usual(able: list[str]) -> list[str]:
    """Query and value; without attention of that form, everything that lies in a layer (a ResNet's convolutions)."""
    attention = [path for name in USUAL for path in _named(able, name)]
    return attention or [path for path in able if _layer(path)]


def _layer(path: str) -> str | None:
    """The numbered place that holds the module, such as ``encoder.layers.3``; None outside of any."""
    parts = path.split(".")[:-1]
    numbers = [index for index, part in enumerate(parts) if part.isdigit()]
    return ".".join(parts[: numbers[-1] + 1]) if numbers else None


def _in_layers(paths: list[str], layers: tuple[int, ...] | None, owner: str) -> list[str]:
    if layers is None:
        return paths
    order = list(dict.fromkeys(layer for path in paths if (layer := _layer(path))))
    if beyond := [number for number in layers if number >= len(order)]:
        raise Refused(
            Sentence(
                gettext_noop(
                    "loraLayers names the layer {layer}; the modules of {owner} that would be adapted lie in {count} "
                    "layers, counted from 0. Choose from these, or all."
                ),
                {"layer": beyond[0], "owner": shown(owner), "count": len(order)},
            )
        )
    kept = {order[number] for number in layers}
    return [path for path in paths if _layer(path) in kept]


def _nothing(names: Iterable[str], able: list[str], owner: str) -> Refused:
    every = list(dict.fromkeys(re.sub(r"(^|\.)\d+(?=\.)", r"\1*", path) for path in able))
    return Refused(
        Sentence(
            gettext_noop(
                "No module of {owner} that takes an adapter is called {names}. It has: {found}. Name some of these in "
                "loraTargetModules, or leave it empty."
            ),
            {"owner": shown(owner), "names": named(names), "found": named(every) or "–"},
        )
    )
