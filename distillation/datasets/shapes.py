"""Outlines of objects, many of them in few arrays: a hundred thousand pictures have a million objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class RunLength:
    """A mask as the lengths of its runs: outside, inside, outside, …, down the columns from the left (as COCO)."""

    width: int
    height: int
    counts: NDArray[np.uint32]
    """They sum to ``width * height``."""


Rings = tuple[NDArray[np.float32], ...]
"""Polygons ``[k, 2]`` of x and y in pixels; the object is their union."""
Shape = Rings | RunLength
"""What is inside one object."""


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """The outlines of every object of a data set; pictures hold :class:`PictureShapes` of it."""

    points: NDArray[np.float32]
    """``[p, 2]``."""
    ring_ends: NDArray[np.int64]
    """``[r + 1]``: ring i is ``points[ring_ends[i]:ring_ends[i + 1]]``."""
    object_ends: NDArray[np.int64]
    """``[n + 1]``: object i has the rings ``object_ends[i]`` up to ``object_ends[i + 1]``."""
    runs: Mapping[int, RunLength]
    """The objects that have run lengths instead of rings."""
    boxed: AbstractSet[int] = frozenset()
    """The objects whose ring is no more than their box."""

    def shape(self, number: int) -> Shape:
        """The shape of one object; views, not copies."""
        if (runs := self.runs.get(number)) is not None:
            return runs
        rings = range(self.object_ends[number], self.object_ends[number + 1])
        return tuple(self.points[self.ring_ends[ring] : self.ring_ends[ring + 1]] for ring in rings)


@dataclass(frozen=True, slots=True, eq=False)
class PictureShapes(Sequence[Shape]):
    """The shapes of one picture's objects, made when asked for."""

    outlines: Outlines
    members: NDArray[np.int64]
    """Numbers of the objects."""

    def __len__(self) -> int:
        return len(self.members)

    @overload
    def __getitem__(self, index: int) -> Shape: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Shape]: ...
    def __getitem__(self, index: int | slice) -> Shape | Sequence[Shape]:
        if isinstance(index, slice):
            return PictureShapes(self.outlines, self.members[index])
        return self.outlines.shape(int(self.members[index]))
