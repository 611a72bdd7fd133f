"""One series as its file gives it, before anything is judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One labelled or unlabelled series."""

    place: str
    """File and number, for findings."""
    values: NDArray[np.float32]
    """``[steps, features]``; NaN where nothing is given."""
    label: str
    """The name of its class; empty when it has none."""
