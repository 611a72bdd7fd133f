"""Make the student's features comparable with the teacher's: equal sizes and equal widths, learned beside the student.

Weights are a function of the seed and the pair's name alone, never of torch's global generator: the student starts
with the same weights whether features are compared or not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.engine import drawn
from distillation.engine.losses.masked import MaskedGeneration

Kind = Literal["sizes", "linear", "masked"]
"""``sizes`` matches places alone; ``linear`` the channels too; ``masked`` generates the teacher's map, for MGD."""

MAP = 4
"""Dimensions of a map ``[B, C, H, W]``; tokens ``[B, N, C]`` have three, vectors ``[B, C]`` two."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two layers that are compared; shapes as tapped, the batch first."""

    student: str
    teacher: str
    """Module paths."""
    student_shape: tuple[int, ...]
    teacher_shape: tuple[int, ...]

    @property
    def name(self) -> str:
        """Of the projector in a checkpoint: of the two paths alone, so that other pairs do not change it."""
        return f"{self.student}-to-{self.teacher}".replace(".", "/")

    @property
    def widths(self) -> tuple[int, int]:
        """Channels of the student's and of the teacher's features."""
        return _width(self.student_shape), _width(self.teacher_shape)

    @property
    def maps(self) -> bool:
        """Whether both are maps."""
        return len(self.student_shape) == len(self.teacher_shape) == MAP

    @property
    def mixed(self) -> bool:
        """Whether the two are of different kinds, as those of a convolutional network and a transformer."""
        return len(self.student_shape) != len(self.teacher_shape)


class Projectors(nn.Module):
    """One projector a pair, named ``projections.<student path>-to-<teacher path>`` in checkpoints, ``/`` for dots."""

    def __init__(self, pairs: Sequence[Pair], projections: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self._pairs = tuple(pairs)
        self.projections = nn.ModuleDict(dict(projections))

    def forward(self, student: Mapping[str, Tensor], teacher: Mapping[str, Tensor]) -> list[tuple[Tensor, Tensor]]:
        """Match features by path; return (student's, teacher's) of equal sizes, in the order of the pairs.

        A pair of different kinds is compared by its means over places, ``[B, C]``.
        """
        matched = []
        for pair in self._pairs:
            ours, theirs = student[pair.student], teacher[pair.teacher]
            if pair.mixed:
                ours, theirs = pooled(ours), pooled(theirs)
            matched.append((self.projections[pair.name](resized(ours, theirs)), theirs))
        return matched


def build(pairs: Sequence[Pair], *, seed: int, kind: Kind = "linear", maps_only: bool = False) -> Projectors:
    """Build the projectors of ``pairs``, on the CPU in float32.

    Pairs of equal widths get one too: the channels of two networks have no order in common. Raises Refused for
    something else than maps where ``maps_only`` (or MGD) asks for them.
    """
    if maps_only or kind == "masked":
        for pair in pairs:
            _require_maps(pair)
    return Projectors(pairs, {pair.name: _projection(pair, kind, _seed(seed, pair.name)) for pair in pairs})


def resized(student: Tensor, teacher: Tensor) -> Tensor:
    """Give the student's features the teacher's height and width, or number of tokens.

    By adaptive average pooling where they shrink or stay in every direction, else by (bi)linear interpolation with
    ``align_corners=False``.
    """
    if student.dim() == MAP:
        return _sized_map(student, teacher.shape[2], teacher.shape[3])
    if student.dim() == MAP - 1:
        return _sized_row(student.transpose(1, 2), teacher.shape[1]).transpose(1, 2)
    return student


def pooled(features: Tensor) -> Tensor:
    """The mean over all places of a map, or over all tokens: ``[B, C]``."""
    if features.dim() == MAP:
        return features.mean(dim=(2, 3))
    return features.mean(dim=1) if features.dim() == MAP - 1 else features


def _sized_map(features: Tensor, height: int, width: int) -> Tensor:
    if features.shape[2:] == (height, width):
        return features
    if features.shape[2] >= height and features.shape[3] >= width:
        return F.adaptive_avg_pool2d(features, (height, width))
    return F.interpolate(features, (height, width), mode="bilinear", align_corners=False)


def _sized_row(features: Tensor, length: int) -> Tensor:
    """Of ``[B, C, N]``."""
    if features.shape[2] == length:
        return features
    if features.shape[2] > length:
        return F.adaptive_avg_pool1d(features, length)
    return F.interpolate(features, length, mode="linear", align_corners=False)


def _projection(pair: Pair, kind: Kind, seed: int) -> nn.Module:
    if kind == "sizes":
        return nn.Identity()
    inputs, outputs = pair.widths
    if kind == "masked":
        return MaskedGeneration(inputs, outputs, seed)
    generator = torch.Generator().manual_seed(seed)
    if pair.maps:
        return drawn.convolution(inputs, outputs, 1, generator)
    return drawn.linear(inputs, outputs, generator)


def _width(shape: tuple[int, ...]) -> int:
    return shape[1] if len(shape) == MAP else shape[-1]


def _seed(seed: int, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:8], "big") >> 1


def _require_maps(pair: Pair) -> None:
    if not pair.maps:
        raise Refused(
            Sentence(
                gettext_noop(
                    "This method compares maps [B, C, H, W], but the layer {student} of the student gives "
                    "{student_shape} and the layer {teacher} of the teacher {teacher_shape}. Choose layers with maps, "
                    "or the feature loss mse."
                ),
                {
                    "student": pair.student,
                    "student_shape": str(list(pair.student_shape)),
                    "teacher": pair.teacher,
                    "teacher_shape": str(list(pair.teacher_shape)),
                },
            )
        )
