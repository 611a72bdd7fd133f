"""U-Net (Ronneberger, Fischer and Brox 2015) with batch normalisation and padded convolutions."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_WIDTHS = {"unet-small": 32, "unet-medium": 48, "unet-large": 64}
"""Channels at full resolution; 64 in the paper."""

POOLINGS = 4


class UNet(nn.Module):
    """Five resolutions down and up again; what was found on the way down is joined on the way up."""

    def __init__(self, classes: int, channels: int, width: int) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(POOLINGS + 1)]
        self.down = nn.ModuleList(
            _two_convolutions(before, after) for before, after in zip([channels, *widths], widths, strict=False)
        )
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * after, after, 2, stride=2) for after in reversed(widths[:-1]))
        self.join = nn.ModuleList(_two_convolutions(2 * after, after) for after in reversed(widths[:-1]))
        self.head = nn.Conv2d(width, classes, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):  # section 3 of the paper: a deviation of √(2 / inputs)
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def forward(self, pictures: Tensor) -> Tensor:
        """Map ``[batch, channels, H, W]`` to logits ``[batch, classes, H, W]``; H and W are multiples of 16."""
        x = self.down[0](pictures)
        passed = []
        for down in self.down[1:]:
            passed.append(x)
            x = down(functional.max_pool2d(x, 2))
        for up, join in zip(self.up, self.join, strict=True):
            x = join(torch.cat((passed.pop(), up(x)), dim=1))
        logits: Tensor = self.head(x)
        return logits


def build(arch: str, classes: int, channels: int) -> UNet:
    """Build one of three U-Nets."""
    return UNet(classes, channels, _WIDTHS[arch])


def _two_convolutions(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
        nn.Conv2d(after, after, 3, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    )
