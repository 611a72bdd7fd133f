"""Pictures that are in training and validation both, by content: they would make a model look better than it is."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path

from distillation.datasets.samples import Sample

_BEGINNING = 1 << 16


def leaked(root: Path, train: Iterable[Sample], val_root: Path, val: Iterable[Sample]) -> set[str]:
    """Paths of ``train`` whose files are also in ``val``.

    Only files of equal size are read: their beginning first, and whole where that is equal too. Raises OSError.
    """
    candidates = [(root / sample.path, sample, True) for sample in train]
    candidates += [(val_root / sample.path, sample, False) for sample in val]
    tests: tuple[Callable[[Path, Sample], Hashable], ...] = (_size, _hash_of_beginning, _hash)
    groups = [candidates]
    for test in tests:
        groups = [finer for group in groups for finer in _on_both_sides(group, test)]
    return {sample.path for group in groups for _, sample, in_train in group if in_train}


_Candidate = tuple[Path, Sample, bool]


def _on_both_sides(group: list[_Candidate], test: Callable[[Path, Sample], Hashable]) -> list[list[_Candidate]]:
    finer: dict[Hashable, list[_Candidate]] = defaultdict(list)
    for candidate in group:
        finer[test(candidate[0], candidate[1])].append(candidate)
    return [found for found in finer.values() if len({in_train for _, _, in_train in found}) == 2]


def _size(path: Path, sample: Sample) -> Hashable:
    return sample.size


def _hash_of_beginning(path: Path, sample: Sample) -> Hashable:
    with path.open("rb") as file:
        return hashlib.sha256(file.read(_BEGINNING)).digest()


def _hash(path: Path, sample: Sample) -> Hashable:
    if sample.size <= _BEGINNING:
        return None  # the beginning was everything
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
