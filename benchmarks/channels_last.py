"""Forward and backward passes of the convolutional students with their weights in either order, one thread.

Both take turns, after a pass each that also chooses the algorithms.

    python benchmarks/channels_last.py [--rounds N]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from distillation.engine import students

CASES = (("resnet18", 32, 64), ("resnet18", 224, 16), ("resnet50", 224, 4), ("yolov8n", 320, 8), ("unet-small", 96, 8))
"""Student, picture size, batch."""


def built(arch: str, size: int, order: torch.memory_format) -> nn.Module:
    """A student whose convolutions hold their weights in ``order``."""
    model: Any = students.build(arch, classes=10, channels=3, image_size=size)
    ordered: nn.Module = model.to(memory_format=order)
    return ordered.train()


def seconds(model: nn.Module, pictures: Tensor) -> float:
    """Processor time of one forward and one backward pass."""
    begin = time.process_time()
    answer = model(pictures)
    parts = [answer] if isinstance(answer, Tensor) else [answer.classes, answer.boxes]
    torch.stack([part.square().mean() for part in parts]).sum().backward()  # type: ignore[no-untyped-call]
    return time.process_time() - begin


def main() -> None:
    """Measure in turns, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{'student':>10} {'px':>4} {'batch':>6} {'first s':>8} {'last s':>8} {'ratio':>6}")
    for arch, size, batch in CASES:
        pictures = torch.randn(batch, 3, size, size)
        orders = (torch.contiguous_format, torch.channels_last)
        models = [built(arch, size, order) for order in orders]
        found: list[list[float]] = [[], []]
        for number in range(arguments.rounds + 1):
            for taken, model in zip(found, models, strict=True):
                spent = seconds(model, pictures)
                if number:  # the first one also chooses the algorithms
                    taken.append(spent)
        first, last = map(statistics.median, found)
        print(f"{arch:>10} {size:>4} {batch:>6} {first:>8.2f} {last:>8.2f} {first / last:>6.2f}")


if __name__ == "__main__":
    main()
