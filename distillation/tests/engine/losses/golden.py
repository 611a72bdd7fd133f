"""The inputs of the golden values: one generator, drawn in this order."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Golden(NamedTuple):
    student: Tensor
    teacher: Tensor
    labels: Tensor
    student_maps: Tensor
    teacher_maps: Tensor
    student_vectors: Tensor
    teacher_vectors: Tensor


def golden() -> Golden:
    generator = torch.Generator().manual_seed(1234)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    return Golden(
        draw(8, 10),
        3 * draw(8, 10),
        torch.arange(8) % 10,
        draw(8, 16, 4, 4),
        draw(8, 16, 4, 4),
        draw(8, 32),
        draw(8, 32),
    )
