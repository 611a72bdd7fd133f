"""Where other programs keep the weights of the same networks: explicit maps from a student's names to theirs.

A map says for each name of the student's state dict which tensor of a file holds it. Nothing is guessed from shapes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from distillation.contract.students import STUDENTS


@dataclass(frozen=True, slots=True)
class Origin:
    """A tensor of a file."""

    name: str
    third: int | None = None
    """Which third of its rows is meant, where query, key and value lie in one tensor; None = all of it."""


Naming = Callable[[str], Origin | None]
"""From a name of the student to the tensor of a file; None where that program has no such weight."""


@dataclass(frozen=True, slots=True)
class ClassLayers:
    """The part of a student that depends on the classes, as patterns of names of its state dict."""

    branch: str
    """Layers whose width may follow from the number of classes; no measure of what was loaded for other classes."""
    last: str
    """The layer with one row a class; never taken over for other classes."""


_LAST = {
    "cnn": ClassLayers(r"7\..*", r"7\..*"),
    "resnet": ClassLayers(r"network\.classifier\..*", r"network\.classifier\..*"),
    "vit": ClassLayers(r"network\.classifier\..*", r"network\.classifier\..*"),
    "yolov8": ClassLayers(r"model\.22\.cv3\..*", r"model\.22\.cv3\.\d\.2\..*"),
    "yolov5": ClassLayers(r"model\.24\.cv3\..*", r"model\.24\.cv3\.\d\.2\..*"),
    "unet": ClassLayers(r"head\..*", r"head\..*"),
    "lstm": ClassLayers(r"head\..*", r"head\..*"),
    "textcnn": ClassLayers(r"head\..*", r"head\..*"),
}

_Rule = tuple[str, str] | tuple[str, str, int]
"""A pattern of the student's names, the name in the file, and which third of that tensor."""

_QKV = ("q_proj", "k_proj", "v_proj")
_LAYER = r"network\.vit\.layers\.(\d+)\."


def _torchvision_resnet() -> list[_Rule]:
    """Names of torchvision, which timm has taken over."""
    rules: list[_Rule] = [
        (r"network\.resnet\.embedder\.embedder\.convolution\.(\w+)", r"conv1.\1"),
        (r"network\.resnet\.embedder\.embedder\.normalization\.(\w+)", r"bn1.\1"),
        (r"network\.classifier\.1\.(\w+)", r"fc.\1"),
    ]
    for stage in range(4):
        here, there = rf"network\.resnet\.encoder\.stages\.{stage}\.layers\.(\d+)\.", rf"layer{stage + 1}.\1."
        rules += [
            (here + r"shortcut\.convolution\.(\w+)", there + r"downsample.0.\2"),
            (here + r"shortcut\.normalization\.(\w+)", there + r"downsample.1.\2"),
        ]
        for layer in range(3):
            rules += [
                (here + rf"layer\.{layer}\.convolution\.(\w+)", there + rf"conv{layer + 1}.\2"),
                (here + rf"layer\.{layer}\.normalization\.(\w+)", there + rf"bn{layer + 1}.\2"),
            ]
    return rules


_TIMM_VIT: list[_Rule] = [
    (r"network\.vit\.embeddings\.cls_token", "cls_token"),
    (r"network\.vit\.embeddings\.position_embeddings", "pos_embed"),
    (r"network\.vit\.embeddings\.patch_embeddings\.projection\.(\w+)", r"patch_embed.proj.\1"),
    *((_LAYER + rf"attention\.{part}\.(\w+)", r"blocks.\1.attn.qkv.\2", third) for third, part in enumerate(_QKV)),
    (_LAYER + r"attention\.o_proj\.(\w+)", r"blocks.\1.attn.proj.\2"),
    (_LAYER + r"layernorm_before\.(\w+)", r"blocks.\1.norm1.\2"),
    (_LAYER + r"layernorm_after\.(\w+)", r"blocks.\1.norm2.\2"),
    (_LAYER + r"mlp\.fc(\d)\.(\w+)", r"blocks.\1.mlp.fc\2.\3"),
    (r"network\.vit\.layernorm\.(\w+)", r"norm.\1"),
    (r"network\.classifier\.(\w+)", r"head.\1"),
]


def _torchvision_vit(first: str, second: str) -> list[_Rule]:
    """Names of torchvision; its files call the two layers of the perceptron ``linear_1``, ``linear_2`` or 0, 3."""
    there = r"encoder.layers.encoder_layer_\1."
    return [
        (r"network\.vit\.embeddings\.cls_token", "class_token"),
        (r"network\.vit\.embeddings\.position_embeddings", "encoder.pos_embedding"),
        (r"network\.vit\.embeddings\.patch_embeddings\.projection\.(\w+)", r"conv_proj.\1"),
        *(
            (_LAYER + rf"attention\.{part}\.(\w+)", there + r"self_attention.in_proj_\2", third)
            for third, part in enumerate(_QKV)
        ),
        (_LAYER + r"attention\.o_proj\.(\w+)", there + r"self_attention.out_proj.\2"),
        (_LAYER + r"layernorm_before\.(\w+)", there + r"ln_1.\2"),
        (_LAYER + r"layernorm_after\.(\w+)", there + r"ln_2.\2"),
        (_LAYER + r"mlp\.fc1\.(\w+)", there + rf"mlp.{first}.\2"),
        (_LAYER + r"mlp\.fc2\.(\w+)", there + rf"mlp.{second}.\2"),
        (r"network\.vit\.layernorm\.(\w+)", r"encoder.ln.\1"),
        (r"network\.classifier\.(\w+)", r"heads.head.\1"),
    ]


def _huggingface_vit(root: str) -> list[_Rule]:
    """Names of files that transformers 4 wrote; ``root`` is empty in those of a model without a classifier."""
    there = rf"{root}encoder.layer.\1."
    return [
        (r"network\.vit\.(embeddings\..+)", rf"{root}\1"),
        (_LAYER + r"attention\.q_proj\.(\w+)", there + r"attention.attention.query.\2"),
        (_LAYER + r"attention\.k_proj\.(\w+)", there + r"attention.attention.key.\2"),
        (_LAYER + r"attention\.v_proj\.(\w+)", there + r"attention.attention.value.\2"),
        (_LAYER + r"attention\.o_proj\.(\w+)", there + r"attention.output.dense.\2"),
        (_LAYER + r"(layernorm_\w+\.\w+)", there + r"\2"),
        (_LAYER + r"mlp\.fc1\.(\w+)", there + r"intermediate.dense.\2"),
        (_LAYER + r"mlp\.fc2\.(\w+)", there + r"output.dense.\2"),
        (r"network\.vit\.(layernorm\.\w+)", rf"{root}\1"),
        (r"network\.(classifier\.\w+)", r"\1"),
    ]


def _by(rules: list[_Rule]) -> Naming:
    compiled = [(re.compile(rule[0]), rule[1], rule[2] if len(rule) > 2 else None) for rule in rules]

    def origin(name: str) -> Origin | None:
        for pattern, template, third in compiled:
            if match := pattern.fullmatch(name):
                return Origin(match.expand(template), third)
        return None

    return origin


_OWN = {"distillation-student": _by([(r"(.+)", r"\1")])}
_RESNET = {
    **_OWN,
    "torchvision, timm": _by(_torchvision_resnet()),
    "Hugging Face": _by([(r"network\.(.+)", r"\1")]),
    "Hugging Face, without classifier": _by([(r"network\.resnet\.(.+)", r"\1")]),
}
_VIT = {
    **_OWN,
    "timm": _by(_TIMM_VIT),
    "torchvision": _by(_torchvision_vit("0", "3")),
    "torchvision, first version": _by(_torchvision_vit("linear_1", "linear_2")),
    "Hugging Face": _by([(r"network\.(.+)", r"\1")]),
    "Hugging Face, transformers 4": _by(_huggingface_vit("vit.")),
    "Hugging Face, transformers 4, without classifier": _by(_huggingface_vit("")),
}
_NAMINGS = {"resnet": _RESNET, "vit": _VIT}
"""The detectors have no entry: they are named as the published YOLOv8 weights are."""

PREFIXES = ("", "module.", "model.", "model.model.", "backbone.")
"""What programs that wrap a network put before all of its names."""

CONSTANTS = re.compile(r".*(\.dfl\.conv\.weight|\.num_batches_tracked)")
"""Tensors of files that no student needs: the bins of the box distribution, counters."""


def namings(arch: str) -> dict[str, Naming]:
    """The ways in which files are known to name the weights of ``arch``."""
    return _NAMINGS.get(STUDENTS[arch].family, _OWN)


def class_layers(arch: str) -> ClassLayers:
    """The part of ``arch`` that depends on the classes."""
    return _LAST[STUDENTS[arch].family]
