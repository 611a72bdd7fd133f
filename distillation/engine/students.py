"""Build the students of the catalogue from random weights; every one maps pictures to logits.

Inputs are float32 ``[batch, channels, size, size]`` scaled to [-1, 1]; outputs are ``[batch, classes]``.
"""

from __future__ import annotations

import torch
import transformers  # loads its models only when they are named below
from torch import Tensor, nn

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.students import SMALL_STEM_BELOW, STUDENTS

_RESNETS: dict[str, tuple[list[int], str, list[int]]] = {
    "resnet18": ([2, 2, 2, 2], "basic", [64, 128, 256, 512]),
    "resnet34": ([3, 4, 6, 3], "basic", [64, 128, 256, 512]),
    "resnet50": ([3, 4, 6, 3], "bottleneck", [256, 512, 1024, 2048]),
    "resnet101": ([3, 4, 23, 3], "bottleneck", [256, 512, 1024, 2048]),
}
"""Depths, block and widths: He et al. 2016, table 1."""

_VITS: dict[str, tuple[int, int]] = {"vit-tiny": (192, 3), "vit-small": (384, 6), "vit-base": (768, 12)}
"""Width and heads: Touvron et al. 2021, table 1."""


class LogitsOnly(nn.Module):
    """A Hugging Face classifier that answers with its logits alone."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        """Map ``[batch, channels, size, size]`` to ``[batch, classes]``."""
        logits: Tensor = self.network(pixel_values=pictures).logits
        return logits


def build(arch: str, *, classes: int, channels: int, image_size: int) -> nn.Module:
    """Build a student with weights drawn from torch's global generator.

    Raises Refused for a name or an image size that the catalogue does not know.
    """
    _require_buildable(arch, image_size)
    if arch == "cnn-tiny":
        return _cnn_tiny(classes, channels)
    if arch in _RESNETS:
        return LogitsOnly(_resnet(arch, classes, channels, image_size))
    return LogitsOnly(_vit(arch, classes, channels, image_size))


def stem(arch: str, image_size: int) -> str:
    """Name the first layer, which for a ResNet depends on the size of the pictures."""
    if arch in _RESNETS:
        return "conv3x3-stride1" if image_size <= SMALL_STEM_BELOW else "conv7x7-stride2-maxpool"
    return "patch16" if arch in _VITS else "conv3x3-stride1"


def parameter_count(model: nn.Module) -> int:
    """Trained parameters; buffers such as running means are not counted."""
    return sum(parameter.numel() for parameter in model.parameters())


def needs_pairs(model: nn.Module) -> bool:
    """Whether a batch of one picture cannot be trained on: batch normalisation has no variance then."""
    return any(isinstance(module, nn.BatchNorm2d) for module in model.modules())


def _require_buildable(arch: str, image_size: int) -> None:
    student = STUDENTS.get(arch)
    if student is None:
        raise Refused(
            Sentence(
                gettext_noop("There is no student model {name}; available: {names}."),
                {"name": arch, "names": ", ".join(STUDENTS)},
            )
        )
    if image_size < student.min_image_size or image_size % student.size_multiple:
        raise Refused(
            Sentence(
                gettext_noop(
                    "{name} needs an image size of at least {minimum} pixels and a multiple of {multiple}; the run "
                    "asks for {found}."
                ),
                {
                    "name": arch,
                    "minimum": student.min_image_size,
                    "multiple": student.size_multiple,
                    "found": image_size,
                },
            )
        )


def _cnn_tiny(classes: int, channels: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, 4, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 8, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(4),
        nn.Flatten(),
        nn.Linear(8 * 4 * 4, classes),
    )


def _resnet(arch: str, classes: int, channels: int, image_size: int) -> nn.Module:
    depths, block, widths = _RESNETS[arch]
    network = transformers.ResNetForImageClassification(
        transformers.ResNetConfig(
            num_labels=classes,
            num_channels=channels,
            depths=depths,
            layer_type=block,
            hidden_sizes=widths,
            embedding_size=64,
        )
    )
    if image_size <= SMALL_STEM_BELOW:
        embedder = network.resnet.embedder
        first = type(embedder.embedder)(channels, 64, kernel_size=3, stride=1)
        nn.init.kaiming_normal_(first.convolution.weight, mode="fan_out", nonlinearity="relu")
        embedder.embedder, embedder.pooler = first, nn.Identity()
    module: nn.Module = network
    return module


def _vit(arch: str, classes: int, channels: int, image_size: int) -> nn.Module:
    width, heads = _VITS[arch]
    network: nn.Module = transformers.ViTForImageClassification(
        transformers.ViTConfig(
            num_labels=classes,
            num_channels=channels,
            image_size=image_size,
            patch_size=16,
            hidden_size=width,
            intermediate_size=4 * width,
            num_hidden_layers=12,
            num_attention_heads=heads,
        )
    )
    return network


def normalise(pictures: Tensor) -> Tensor:
    """Scale ``uint8`` pictures to float32 in [-1, 1]; every student and every exported model uses this."""
    return pictures.to(torch.float32).div_(127.5).sub_(1.0)
