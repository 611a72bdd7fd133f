"""Names for copies of tasks: short enough for the column and not taken yet."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import count

from distillation.contract.options import BY_NAME
from distillation.models import TrainingTask

LONGEST = BY_NAME["taskName"].max_length or 255
LONGEST_ENDING = 120
_NUMBER = re.compile(r" \(\d{1,6}\)$")


def free_names(stem: str, endings: Sequence[str]) -> list[str]:
    """One name an ending, all different: the stem (shortened where needed), the ending, a number if they are taken.

    Endings that are too long, or not all different, become ``#1``, ``#2`` …
    """
    if len(set(endings)) < len(endings) or any(len(ending) > LONGEST_ENDING for ending in endings):
        endings = [f" #{number}" for number in range(1, len(endings) + 1)]
    stem = _NUMBER.sub("", unicodedata.normalize("NFC", stem).strip())
    taken = set(
        TrainingTask.objects.alive()
        .filter(task_name__startswith=stem[: LONGEST - LONGEST_ENDING - len(" (999999)")])
        .values_list("task_name", flat=True)
    )
    for number in count(1):
        mark = f" ({number})" if number > 1 else ""
        names = [f"{stem[: LONGEST - len(ending) - len(mark)].rstrip()}{ending}{mark}" for ending in endings]
        if taken.isdisjoint(names):
            return names
    raise AssertionError("the numbers do not end")
