"""Residual networks for classification (He et al. 2016), whose stride lies in the 3 × 3 convolution of a bottleneck.

Weights have the names and the drawing of ``transformers.ResNetForImageClassification``, so that its files fit. The
class itself is not used: importing it takes over a second, which every start and every resumed run would pay.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from distillation.contract.students import SMALL_STEM_BELOW

_DEPTHS = {
    "resnet18": (2, 2, 2, 2),
    "resnet34": (3, 4, 6, 3),
    "resnet50": (3, 4, 6, 3),
    "resnet101": (3, 4, 23, 3),
}
"""Blocks a stage: He et al. 2016, table 1."""
_BOTTLENECK = ("resnet50", "resnet101")
_STEM = 64
_REDUCTION = 4


def build(arch: str, classes: int, channels: int, image_size: int) -> nn.Module:
    """Map pictures ``[batch, channels, size, size]`` to logits ``[batch, classes]``.

    The network for small pictures keeps their resolution at its stem.
    """
    bottleneck = arch in _BOTTLENECK
    small = image_size <= SMALL_STEM_BELOW
    first = _layer(channels, _STEM, 3) if small else _layer(channels, _STEM, 7, stride=2)
    pooler = nn.Identity() if small else nn.MaxPool2d(3, stride=2, padding=1)
    stages, in_channels = [], _STEM
    for number, depth in enumerate(_DEPTHS[arch]):
        out_channels = _STEM * 2**number * (_REDUCTION if bottleneck else 1)
        strides = [1 if number == 0 else 2, *[1] * (depth - 1)]
        blocks = [
            Residual(in_channels if not at else out_channels, out_channels, stride, bottleneck)
            for at, stride in enumerate(strides)
        ]
        stages.append(_named(layers=nn.Sequential(*blocks)))
        in_channels = out_channels
    backbone = _named(
        embedder=_named(embedder=first, pooler=pooler),
        encoder=_named(stages=nn.Sequential(*stages)),
        pooler=nn.AdaptiveAvgPool2d(1),
    )
    return _named(
        network=_named(resnet=backbone, classifier=nn.Sequential(nn.Flatten(), nn.Linear(in_channels, classes)))
    )


class Residual(nn.Module):
    """A block whose answer is added to what it was given, projected where the two differ in shape."""

    def __init__(self, in_channels: int, out_channels: int, stride: int, bottleneck: bool) -> None:
        super().__init__()
        same = in_channels == out_channels and stride == 1
        self.shortcut = nn.Identity() if same else _layer(in_channels, out_channels, 1, stride=stride, active=False)
        if bottleneck:
            narrow = out_channels // _REDUCTION
            self.layer = nn.Sequential(
                _layer(in_channels, narrow, 1),
                _layer(narrow, narrow, 3, stride=stride),
                _layer(narrow, out_channels, 1, active=False),
            )
        else:
            self.layer = nn.Sequential(
                _layer(in_channels, out_channels, 3, stride=stride), _layer(out_channels, out_channels, 3, active=False)
            )
        self.activation = nn.ReLU()

    def forward(self, values: Tensor) -> Tensor:
        """Map ``[batch, in_channels, rows, columns]`` to ``[batch, out_channels, rows / stride, columns / stride]``."""
        added = self.layer(values) + self.shortcut(values)  # not in place: a tap may hold either
        activated: Tensor = self.activation(added)
        return activated


def _layer(in_channels: int, out_channels: int, kernel: int, *, stride: int = 1, active: bool = True) -> nn.Sequential:
    convolution = nn.Conv2d(in_channels, out_channels, kernel, stride, padding=kernel // 2, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    layer = _named(convolution=convolution, normalization=nn.BatchNorm2d(out_channels))
    if active:
        layer.add_module("activation", nn.ReLU())
    return layer


def _named(**modules: nn.Module) -> nn.Sequential:
    return nn.Sequential(OrderedDict(modules))
