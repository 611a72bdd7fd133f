"""Which share of a run's progress each of its phases has: the engine counts by it, pages read it back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

_PREPARED, _ADAPTED, _TAUGHT, _TRAINED, _EVALUATED, _EXPORTED = 3.0, 10.0, 13.0, 97.0, 98.0, 99.0


def spans(arms: Sequence[str], *, teacher: bool, adapts: bool) -> dict[str, tuple[float, float]]:
    """By phase: from which percentage to which. Training has the most; all arms make the same number of steps.

    A phase that the run does not have begins where it ends.
    """
    trained_from = _TAUGHT if teacher else _PREPARED
    adapted = _ADAPTED if adapts else _PREPARED
    share = (_TRAINED - trained_from) / len(arms)
    borders = [trained_from + place * share for place in range(len(arms))] + [_TRAINED]
    return {
        "prepare": (0.0, _PREPARED),
        "adapt": (_PREPARED, adapted),
        "teacher": (adapted, _TAUGHT),
        **dict(zip(arms, pairwise(borders), strict=True)),
        "evaluate": (_TRAINED, _EVALUATED),
        "export": (_EVALUATED, _EXPORTED),
    }
