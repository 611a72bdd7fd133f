"""The LoRA settings of a run: small trained matrices beside frozen weights (Hu et al. 2022, arXiv:2106.09685)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from distillation.contract.sentence import Refused, Sentence, gettext_noop

MOST_LAYERS = 1000
"""No network has more; a range beyond is a slip of the keyboard."""
EVERY_LAYER = "all"
_RANGE = re.compile(r"\s*([0-9]{1,6})\s*(?:-\s*([0-9]{1,6})\s*)?")


@dataclass(frozen=True, slots=True)
class LoraSpec:
    """W + alpha / rank · B A in place of W: ``A [rank, in]`` and ``B [out, rank]`` learn, W does not."""

    target: Literal["teacher", "student"]
    """Which of the two learns through adapters."""
    rank: int
    alpha: int
    dropout: float
    """Of the adapter's input, 0 to below 1."""
    target_modules: tuple[str, ...] = ()
    """Names, or ends of paths, of the adapted modules; empty: query and value, or what the architecture has instead."""
    layers: tuple[int, ...] | None = None
    """Which of the layers that hold such modules, counted from 0; None = all."""
    bias: Literal["none", "lora_only", "all"] = "none"
    """Which biases learn too: none, those of adapted modules, or all."""
    epochs: int = 5
    """Passes over the labelled pictures in which a teacher is adapted before it teaches."""

    def __post_init__(self) -> None:
        """JSON has lists only."""
        object.__setattr__(self, "target_modules", tuple(map(str, self.target_modules)))
        if self.layers is not None:
            object.__setattr__(self, "layers", tuple(map(int, self.layers)))


def read_layers(text: str) -> tuple[int, ...] | None:
    """``all`` or numbers and ranges such as ``0-11`` or ``0,2,8-11``, ascending. Raises Refused."""
    if text == EVERY_LAYER:
        return None
    layers: set[int] = set()
    for part in text.split(","):
        match = _RANGE.fullmatch(part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last < MOST_LAYERS:
            raise Refused(
                Sentence(
                    gettext_noop("loraLayers is {value}; it must be all, or layers from 0 such as 0-11 or 0,2,8-11."),
                    {"value": text[:100]},
                )
            )
        layers.update(range(first, last + 1))
    return tuple(sorted(layers))
