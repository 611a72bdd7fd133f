"""How samples are cut into batches: the engine trains by it, estimates count by it."""

from __future__ import annotations


def batch_borders(count: int, size: int) -> list[tuple[int, int]]:
    """Cut ``count`` samples into batches of ``size``; a last batch of one joins the batch before it.

    Batch normalisation has no variance for a single sample.
    """
    begins = [index * size for index in range(batch_count(count, size))]
    return list(zip(begins, [*begins[1:], count][: len(begins)], strict=True))


def batch_count(count: int, size: int) -> int:
    """The number of batches of an epoch."""
    whole, rest = divmod(count, size)
    joins = rest == 1 and whole > 0 and size > 1
    return whole + (1 if rest and not joins else 0)


def steps_per_epoch(count: int, size: int, accumulated: int) -> int:
    """The number of optimizer steps of an epoch; a trailing group of batches may be smaller."""
    return -(-batch_count(count, size) // accumulated)
