"""Early stopping: when so many epochs in a row brought no improvement, the rest is spared."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Patience:
    """What is known after some epochs; larger figures are better."""

    epochs: int
    """So many epochs without improvement are borne; 0 = for ever."""
    least: float = 0.0
    """The best so far must be exceeded by more than this to count as an improvement."""
    best: float | None = None
    waited: int = 0
    """Epochs since the best one."""

    def after(self, figure: float | None) -> Self:
        """One epoch later. A figure that is missing or not finite is no improvement."""
        if figure is not None and math.isfinite(figure) and (self.best is None or figure > self.best + self.least):
            return replace(self, best=figure, waited=0)
        return replace(self, waited=self.waited + 1)

    @property
    def exhausted(self) -> bool:
        """Whether to stop now."""
        return 0 < self.epochs <= self.waited

    def state(self) -> dict[str, Any]:
        """For a checkpoint: ``Patience(**state)`` goes on from it."""
        return asdict(self)
