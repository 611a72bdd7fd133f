"""Holds out a part of a data set that brings no validation split: the same part on every machine and every run."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence

from distillation.datasets.samples import Objects, Sample

SHARE = 0.2
SEED = 0


def split(samples: Sequence[Sample], share: float = SHARE, seed: int = SEED) -> tuple[list[Sample], list[Sample]]:
    """Return what is left for training and what is held out, both in the order of ``samples``.

    A picture's place in the draw is the hash of its path and the seed, so added pictures do not move the others far.
    Stratified: by label, or by the rarest class among the marked objects. A class of two pictures or more gives at
    least one and keeps at least one. Of a single picture nothing is held out.
    """
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for number, stratum in enumerate(_strata(samples)):
        groups[stratum].append(number)
    held_out: set[int] = set()
    for numbers in groups.values():
        numbers.sort(key=lambda number: _place(samples[number].path, seed))
        if len(numbers) > 1:
            held_out.update(numbers[: min(len(numbers) - 1, max(1, round(share * len(numbers))))])
    if not held_out and len(samples) > 1:  # every class has one picture
        held_out.add(min(range(len(samples)), key=lambda number: _place(samples[number].path, seed)))
    train = [sample for number, sample in enumerate(samples) if number not in held_out]
    return train, [samples[number] for number in sorted(held_out)]


def record(share: float = SHARE, seed: int = SEED) -> str:
    """How the split was made, for ``DataSet.split``."""
    return f"held out {share:g} by hash of path, seed {seed}"


def _place(path: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:{path}".encode("utf-8", "surrogatepass")).digest()


def _strata(samples: Sequence[Sample]) -> list[Hashable]:
    labels = [_labels(sample) for sample in samples]
    frequency = Counter(label for of_one in labels for label in of_one)
    return [min(of_one, key=lambda label: (frequency[label], label), default=-1) for of_one in labels]


def _labels(sample: Sample) -> tuple[int, ...]:
    if isinstance(sample.target, Objects):
        return tuple(set(sample.target.labels.tolist()))
    return (sample.target,) if isinstance(sample.target, int) else ()
