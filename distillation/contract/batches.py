"""How samples are cut into batches: the engine trains by it, estimates count by it."""

from __future__ import annotations

LEAST_SHARE = 2
"""Samples that each process takes of a batch at least: batch normalisation has no variance for a single one."""


def batch_borders(count: int, size: int, processes: int = 1) -> list[tuple[int, int]]:
    """Cut ``count`` samples into batches of ``size``, each of which ``processes`` share.

    A last batch that has not LEAST_SHARE for each of them joins the batch before it.
    """
    begins = [index * size for index in range(batch_count(count, size, processes))]
    return list(zip(begins, [*begins[1:], count][: len(begins)], strict=True))


def share(border: tuple[int, int], rank: int, processes: int) -> tuple[int, int]:
    """What process ``rank`` of so many takes of a batch; shares differ by one sample at most."""
    begin, end = border
    count = end - begin
    return begin + count * rank // processes, begin + count * (rank + 1) // processes


def batch_count(count: int, size: int, processes: int = 1) -> int:
    """The number of batches of an epoch."""
    whole, rest = divmod(count, size)
    joins = rest < LEAST_SHARE * processes and whole > 0 and size > 1
    return whole + (1 if rest and not joins else 0)


def steps_per_epoch(count: int, size: int, accumulated: int, processes: int = 1) -> int:
    """The number of optimizer steps of an epoch; a trailing group of batches may be smaller."""
    return -(-batch_count(count, size, processes) // accumulated)
