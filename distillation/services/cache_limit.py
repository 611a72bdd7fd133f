"""How much of the disk the cache may take: what was used longest ago goes first, what somebody goes on with stays.

Stay in any case: entries that an engine has open, that a task goes on with, and that a person has pinned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.conf import settings

from distillation.services import cache_references
from distillation.storage import cache
from distillation.storage.cache import CacheEntry

PATIENCE_SECONDS = 30.0
"""How long a run that needs room waits for another process that frees some."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry and who holds on to it."""

    entry: CacheEntry
    tasks: tuple[str, ...]
    """Ids of unfinished tasks that go on with it."""

    @property
    def may_go(self) -> bool:
        """Whether nobody holds on to it."""
        return not (self.entry.pinned or self.entry.open or self.tasks)


def kept() -> list[Kept]:
    """Every entry, the one that was used longest ago first."""
    return _with_tasks(cache.entries())


def reclaimable() -> int:
    """Bytes that could be freed now."""
    return _bytes(row.entry for row in kept() if row.may_go)


def chosen(rows: list[Kept], wanted: int) -> list[CacheEntry]:
    """What goes for so many bytes; all that may go where that is less."""
    going: list[CacheEntry] = []
    for row in rows:
        if wanted <= 0:
            break
        if row.may_go:
            going.append(row.entry)
            wanted -= row.entry.bytes
    return going


def keep_limit(most: int | None = None) -> list[CacheEntry]:
    """Free what is above DISTILLATION_CACHE_BYTES, at most so many entries; nothing while another process does so."""
    with cache.one_at_a_time(0.0) as ours:
        if not ours:
            return []
        cache.sweep()
        found = cache.entries()
        surplus = _bytes(found) - settings.DISTILLATION_CACHE_BYTES
        return _removed(chosen(_with_tasks(found), surplus)[:most]) if surplus > 0 else []


def make_room(missing: Callable[[], int]) -> list[CacheEntry]:
    """Free as many bytes as are missing on the disk; nothing where all that may go would not do."""
    if missing() <= 0:
        return []
    with cache.one_at_a_time(PATIENCE_SECONDS):
        cache.sweep()
        wanted = missing()  # another process may just have freed it
        going = chosen(kept(), wanted)
        return _removed(going) if _bytes(going) >= wanted else []


def free(wanted: int) -> list[CacheEntry]:
    """Free so many bytes, or all that may go."""
    with cache.one_at_a_time(PATIENCE_SECONDS):
        cache.sweep()
        return _removed(chosen(kept(), wanted))


def _with_tasks(entries: list[CacheEntry]) -> list[Kept]:
    references = cache_references.of_unfinished()
    return [Kept(entry, references.tasks(entry)) for entry in entries]


def _removed(entries: Iterable[CacheEntry]) -> list[CacheEntry]:
    """Remove them; returns those that nobody has opened or pinned meanwhile."""
    return [entry for entry in entries if cache.remove(entry.path)]


def _bytes(entries: Iterable[CacheEntry]) -> int:
    return sum(entry.bytes for entry in entries)
