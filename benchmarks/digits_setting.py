"""The reference setting of the digits: data, the teacher, and what every loop of ``cached_step.py`` is given.

scikit-learn's digits, 1257 to learn from and 540 held out; the teacher is a CIFAR-ResNet20 that is trained here.
"""

from __future__ import annotations

import dataclasses
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from distillation.engine import students

TEMPERATURE, ALPHA, BATCH, RATE, DECAY = 4.0, 0.9, 64, 3e-3, 1e-4
TEACHER_WIDTHS, TEACHER_EPOCHS, EPOCHS = {8: 32, 32: 16}, {8: 20, 32: 12}, {8: 30, 32: 20}
"""By the side of the pictures."""


@dataclasses.dataclass(frozen=True)
class Digits:
    """Pictures ``uint8 [n, 1, side, side]``, labels, the teacher and its logits; rows of both splits."""

    side: int
    pictures: np.ndarray
    labels: np.ndarray
    train: np.ndarray
    val: np.ndarray
    teacher: nn.Module
    logits: np.ndarray

    def student(self, seed: int) -> nn.Module:
        """The same first weights for every loop."""
        torch.manual_seed(seed)
        return students.build("cnn-tiny", classes=10, channels=1, image_size=self.side)

    def inputs(self, rows: np.ndarray) -> Tensor:
        """float32 in [-1, 1]."""
        return students.normalise(torch.from_numpy(self.pictures[rows]))

    def accuracy(self, model: nn.Module) -> float:
        """On the held-out pictures, in percent."""
        with torch.inference_mode():
            found = model.eval()(self.inputs(self.val)).argmax(dim=1)
        return 100.0 * float((found == torch.from_numpy(self.labels[self.val])).double().mean())


class Measured(NamedTuple):
    """One training by one loop."""

    wall: float
    """Samples a second."""
    processor: float
    """The same by processor time: what another busy process distorts less; waiting for the disk does not count."""
    accuracy: float


class Watch:
    """Wall-clock and processor seconds since it was made."""

    def __init__(self) -> None:
        self._wall, self._processor = time.perf_counter(), time.process_time()

    def seconds(self) -> tuple[float, float]:
        """By both clocks."""
        return time.perf_counter() - self._wall, time.process_time() - self._processor

    def rates(self, samples: int, without: Sequence[tuple[float, float]] = ()) -> tuple[float, float]:
        """Samples a second by both clocks, some seconds left out."""
        wall, processor = (whole - sum(parts) for whole, *parts in zip(self.seconds(), *without, strict=True))
        return samples / wall, samples / processor


def digits(side: int) -> Digits:
    """Load the data, train the teacher and ask it."""
    data = load_digits()
    pictures = np.rint(data.images / 16 * 255).astype(np.uint8)
    if side != pictures.shape[-1]:
        pictures = np.stack(
            [np.asarray(Image.fromarray(one).resize((side, side), Image.Resampling.BILINEAR)) for one in pictures]
        )
    labels = data.target.astype(np.int64)
    train, val = train_test_split(np.arange(len(labels)), test_size=540, random_state=0, stratify=labels)
    torch.manual_seed(0)
    found = Digits(side, pictures[:, None], labels, train, val, resnet20(TEACHER_WIDTHS[side]), np.empty(0))
    _teach(found)
    with torch.inference_mode():
        every = torch.split(found.inputs(np.arange(len(labels))), BATCH)
        logits = torch.cat([found.teacher(part) for part in every])
    return dataclasses.replace(found, logits=logits.numpy())


def cosine(step: int, steps: int) -> float:
    """The learning rate of a step."""
    return RATE * 0.5 * (1.0 + math.cos(math.pi * step / steps))


class _Block(nn.Module):
    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.first, self.norm = nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside)
        self.second, self.last = nn.Conv2d(outside, outside, 3, 1, 1, bias=False), nn.BatchNorm2d(outside)
        self.short: nn.Module = nn.Identity()
        if inside != outside:
            self.short = nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))

    def forward(self, features: Tensor) -> Tensor:
        changed = self.last(self.second(F.relu(self.norm(self.first(features)))))
        return F.relu(changed + self.short(features))


def resnet20(width: int) -> nn.Module:
    """He et al. 2016, section 4.2, for one channel."""
    widths = [width, width, 2 * width, 4 * width]
    blocks = [
        _Block(widths[stage if place == 0 else stage + 1], widths[stage + 1], 2 if stage and place == 0 else 1)
        for stage in range(3)
        for place in range(3)
    ]
    stem = [nn.Conv2d(1, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4 * width, 10))


def _teach(data: Digits) -> None:
    inputs, labels = data.inputs(data.train), torch.from_numpy(data.labels[data.train])
    epochs, steps = TEACHER_EPOCHS[data.side], -(-len(inputs) // BATCH)
    optimizer = torch.optim.SGD(data.teacher.parameters(), 0.1, momentum=0.9, weight_decay=5e-4, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, epochs * steps)
    data.teacher.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(inputs)).split(BATCH):  # type: ignore[no-untyped-call]
            optimizer.zero_grad()
            F.cross_entropy(data.teacher(inputs[rows]), labels[rows]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    data.teacher.eval()
