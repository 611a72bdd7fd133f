"""The parts that the detectors are made of.

Attributes are called as in the published YOLOv8 weights (``cv1``, ``cv2``, ``m``), so that those fit without renaming.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

BATCH_NORM_EPS = 1e-3
"""As in the published networks, whose weights answer otherwise else."""


class ConvBnSilu(nn.Module):
    """Convolution without bias, batch normalisation, SiLU (Elfwing et al. 2018): ``x · sigmoid(x)``."""

    def __init__(self, before: int, after: int, kernel: int = 1, stride: int = 1, padding: int | None = None) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            before, after, kernel, stride, padding=kernel // 2 if padding is None else padding, bias=False
        )
        self.bn = nn.BatchNorm2d(after, eps=BATCH_NORM_EPS)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[batch, before, H, W]`` to ``[batch, after, H / stride, W / stride]``."""
        return functional.silu(self.bn(self.conv(x)))


class Bottleneck(nn.Module):
    """Two convolutions of equal width, with the input added where ``shortcut`` says so (He et al. 2016)."""

    def __init__(self, width: int, first_kernel: int, *, shortcut: bool) -> None:
        super().__init__()
        self.cv1 = ConvBnSilu(width, width, first_kernel)
        self.cv2 = ConvBnSilu(width, width, 3)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """Keep the shape."""
        changed: Tensor = self.cv2(self.cv1(x))
        return x + changed if self.shortcut else changed


class C2f(nn.Module):
    """YOLOv8's stage: half of the channels pass bottlenecks, and the output of every one of them is concatenated.

    A cross-stage partial network (Wang et al. 2020) with the aggregation of ELAN (Wang et al. 2022).
    """

    def __init__(self, before: int, after: int, depth: int, *, shortcut: bool) -> None:
        super().__init__()
        half = after // 2
        self.cv1 = ConvBnSilu(before, 2 * half)
        self.cv2 = ConvBnSilu((2 + depth) * half, after)
        self.m = nn.ModuleList(Bottleneck(half, 3, shortcut=shortcut) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[batch, before, H, W]`` to ``[batch, after, H, W]``."""
        parts = list(self.cv1(x).chunk(2, dim=1))
        for bottleneck in self.m:
            parts.append(bottleneck(parts[-1]))
        merged: Tensor = self.cv2(torch.cat(parts, dim=1))
        return merged


class C3(nn.Module):
    """YOLOv5's stage: one half of the channels passes the bottlenecks, the other half none (Wang et al. 2020)."""

    def __init__(self, before: int, after: int, depth: int, *, shortcut: bool) -> None:
        super().__init__()
        half = after // 2
        self.cv1 = ConvBnSilu(before, half)
        self.cv2 = ConvBnSilu(before, half)
        self.cv3 = ConvBnSilu(2 * half, after)
        self.m = nn.Sequential(*(Bottleneck(half, 1, shortcut=shortcut) for _ in range(depth)))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[batch, before, H, W]`` to ``[batch, after, H, W]``."""
        merged: Tensor = self.cv3(torch.cat((self.m(self.cv1(x)), self.cv2(x)), dim=1))
        return merged


class Sppf(nn.Module):
    """Spatial pyramid pooling (He et al. 2015) with windows of 5, 9 and 13, made of 5×5 poolings in a row."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        half = before // 2
        self.cv1 = ConvBnSilu(before, half)
        self.cv2 = ConvBnSilu(4 * half, after)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[batch, before, H, W]`` to ``[batch, after, H, W]``."""
        parts = [self.cv1(x)]
        for _ in range(3):
            parts.append(functional.max_pool2d(parts[-1], 5, stride=1, padding=2))
        merged: Tensor = self.cv2(torch.cat(parts, dim=1))
        return merged


class Upsample(nn.Module):
    """Repeat every cell twice in both directions."""

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[batch, channels, H, W]`` to ``[batch, channels, 2H, 2W]``."""
        return functional.interpolate(x, scale_factor=2.0, mode="nearest")


class Concat(nn.Module):
    """Put feature maps of one resolution on top of each other."""

    def forward(self, *maps: Tensor) -> Tensor:
        """Concatenate ``[batch, channels, H, W]`` along the channels."""
        return torch.cat(maps, dim=1)
