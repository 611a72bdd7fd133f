"""Students that classify pictures: a tiny convolutional network, residual networks and vision transformers."""

from __future__ import annotations

import transformers  # loads its models only when they are named below
from torch import Tensor, nn

from distillation.contract.students import SMALL_STEM_BELOW
from distillation.engine.importing import uncollected

_RESNETS: dict[str, tuple[list[int], str, list[int]]] = {
    "resnet18": ([2, 2, 2, 2], "basic", [64, 128, 256, 512]),
    "resnet34": ([3, 4, 6, 3], "basic", [64, 128, 256, 512]),
    "resnet50": ([3, 4, 6, 3], "bottleneck", [256, 512, 1024, 2048]),
    "resnet101": ([3, 4, 23, 3], "bottleneck", [256, 512, 1024, 2048]),
}
"""Depths, block and widths: He et al. 2016, table 1."""

_VITS: dict[str, tuple[int, int, int]] = {
    "vit-tiny": (192, 3, 12),
    "vit-small": (384, 6, 12),
    "vit-base": (768, 12, 12),
    "vit-large": (1024, 16, 24),
}
"""Width, heads and layers: Touvron et al. 2021, table 1; Dosovitskiy et al. 2021, table 1."""


class LogitsOnly(nn.Module):
    """A Hugging Face classifier that answers with its logits alone."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        """Map ``[batch, channels, size, size]`` to ``[batch, classes]``."""
        logits: Tensor = self.network(pixel_values=pictures).logits
        return logits


def cnn_tiny(classes: int, channels: int) -> nn.Module:
    """Build the smallest student: two convolutions and a linear layer."""
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


def resnet(arch: str, classes: int, channels: int, image_size: int) -> nn.Module:
    """Build a residual network; the one for small pictures keeps their resolution at its stem."""
    depths, block, widths = _RESNETS[arch]
    with uncollected():
        classifier = transformers.ResNetForImageClassification
    network = classifier(
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
    return LogitsOnly(network)


def vit(arch: str, classes: int, channels: int, image_size: int) -> nn.Module:
    """Build a vision transformer with patches of 16 pixels."""
    width, heads, layers = _VITS[arch]
    with uncollected():
        classifier = transformers.ViTForImageClassification
    return LogitsOnly(
        classifier(
            transformers.ViTConfig(
                num_labels=classes,
                num_channels=channels,
                image_size=image_size,
                patch_size=16,
                hidden_size=width,
                intermediate_size=4 * width,
                num_hidden_layers=layers,
                num_attention_heads=heads,
            )
        )
    )
