"""Fewer bits for a teacher's weights: float16, int8, 4-bit NormalFloat. Refused where it cannot be had."""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.ao.quantization import quantize_dynamic

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import shown

HALF = ("fp16", "4bit")
"""Compute in float16; 4bit keeps what is no linear layer in it."""
_HEADS = ("lm_head",)
"""Kept in full: it often shares its weights with the embedding."""


class HalfPrecision(nn.Module):
    """Computes in float16, takes and gives float32."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, inputs: Tensor) -> Tensor:
        """Map ``[batch, …]`` to what the model gives."""
        outputs: Tensor = self.model(inputs.to(torch.float16))
        return outputs.to(torch.float32)


def prepare(model: nn.Module, quantization: str, device: str, name: str) -> nn.Module:
    """Quantise the network in place and move it to ``device``, in evaluation mode.

    int8: on a CPU dynamic quantisation of the linear layers by PyTorch (weights a tensor, activations a batch), on a
    GPU LLM.int8 (Dettmers et al. 2022). 4bit: NF4 (Dettmers et al. 2023, QLoRA). Raises Refused where the library
    for it is not installed, or where the network has no linear layer.
    """
    model.eval()
    if quantization in HALF:
        model.half()
    if quantization == "int8" and device == "cpu":
        _require_linear(model, quantization, name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch recommends a package of its own for this
            quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8, inplace=True)
    elif quantization in ("int8", "4bit"):
        _require_linear(model, quantization, name)
        _replace_linear(model, quantization, _bitsandbytes(quantization, device, name))
    return model.to(device)


def prepare_classifier(model: nn.Module, quantization: str, device: str, name: str) -> nn.Module:
    """As :func:`prepare`, for a network that is given and gives float32 whatever it computes in."""
    prepared = prepare(model, quantization, device, name)
    return HalfPrecision(prepared).eval() if quantization in HALF else prepared


def dtype_of(model: nn.Module) -> torch.dtype:
    """What the network computes in: of its first parameter that is no quantised integer."""
    floats = (parameter.dtype for parameter in model.parameters() if parameter.is_floating_point())
    return next(floats, torch.float32)


def require_works(ask: Callable[[], Any], quantization: str, name: str) -> None:
    """Ask a quantised network once. Raises Refused where an operation of it has no form in so few bits."""
    if quantization == "none":
        return
    try:
        with torch.inference_mode():
            ask()
    except (RuntimeError, TypeError, AttributeError, NotImplementedError) as error:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher {name} cannot compute in {quantization} on this device ({error}). Choose another "
                    "quantisation, or none."
                ),
                {
                    "name": shown(name),
                    "quantization": quantization,
                    "error": " ".join(f"{type(error).__name__}: {error}".split())[:200],
                },
            )
        ) from error


def _linear(model: nn.Module) -> list[tuple[nn.Module, str, nn.Linear]]:
    """Linear layers with the module that holds each, and its name there."""
    return [
        (parent, child, layer)
        for parent in model.modules()
        for child, layer in parent.named_children()
        if type(layer) is nn.Linear
    ]


def _require_linear(model: nn.Module, quantization: str, name: str) -> None:
    if not _linear(model):
        raise Refused(
            Sentence(
                gettext_noop(
                    "{quantization} replaces linear layers and the teacher {name} has none. Choose quantisation none "
                    "or fp16."
                ),
                {"quantization": quantization, "name": shown(name)},
            )
        )


def _bitsandbytes(quantization: str, device: str, name: str) -> Any:
    if importlib.util.find_spec("bitsandbytes") is None:
        raise Refused(
            Sentence(
                gettext_noop(
                    "{quantization} on {device} needs the package bitsandbytes, which is not installed; the teacher "
                    "{name} cannot be quantised. Install it with pip, or choose none, fp16, or int8 on a CPU."
                ),
                {"quantization": quantization, "device": device, "name": shown(name)},
            )
        )
    return importlib.import_module("bitsandbytes")


def _replace_linear(model: nn.Module, quantization: str, bnb: Any) -> None:
    """Put quantising layers in place of the linear ones; they quantise when they are moved to the device."""
    for parent, child, layer in _linear(model):
        if child in _HEADS:
            continue
        size = (layer.in_features, layer.out_features, layer.bias is not None)
        weight = layer.weight.detach()
        if quantization == "int8":
            new = bnb.nn.Linear8bitLt(*size, has_fp16_weights=False, threshold=6.0)
            new.weight = bnb.nn.Int8Params(weight, requires_grad=False, has_fp16_weights=False)
        else:
            new = bnb.nn.Linear4bit(*size, compute_dtype=layer.weight.dtype, quant_type="nf4")
            new.weight = bnb.nn.Params4bit(weight, requires_grad=False, quant_type="nf4")
        new.bias = layer.bias
        setattr(parent, child, new)
