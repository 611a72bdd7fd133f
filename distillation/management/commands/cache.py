"""``manage.py cache``: what runs share on the disk, what for, since when unused; keep some of it, free some."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from distillation.services import cache_limit
from distillation.services.cache_limit import Kept
from distillation.storage import cache
from distillation.storage.cache import CacheEntry

_EVERYTHING = 2**63


class Command(BaseCommand):
    """List, pin, unpin and free the entries of the cache."""

    help = (
        "Prepared pictures, teachers' outputs and adapters that runs share. A worker frees what was used longest ago "
        "when there are more than DISTILLATION_CACHE_BYTES; what is freed is made again when a run needs it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """A verb and what it needs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("list", help="every entry, the one that was used longest ago first")
        for verb, summary in (
            ("pin", "keep an entry until it is unpinned"),
            ("unpin", "let it go when its turn comes"),
        ):
            verbs.add_parser(verb, help=summary).add_argument("key", help="its key, or the beginning of it")
        free = verbs.add_parser("free", help="free what is neither pinned nor in use, oldest use first")
        free.add_argument("--bytes", type=int, help="at least so many, if there are; without it everything that may go")
        free.add_argument("--dry-run", action="store_true", help="only say what would go")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the verb says. Raises CommandError."""
        if options["verb"] == "list":
            self._list()
        elif options["verb"] == "free":
            self._free(options["bytes"], dry=options["dry_run"])
        else:
            self._pin(options["key"], keep=options["verb"] == "pin")

    def _list(self) -> None:
        rows = cache_limit.kept()
        for row in rows:
            self.stdout.write("  ".join(_columns(row)).rstrip())
        total = sum(row.entry.bytes for row in rows)
        limit = settings.DISTILLATION_CACHE_BYTES
        self.stdout.write(f"{len(rows)} entries, {total} bytes; the limit is {limit} bytes (DISTILLATION_CACHE_BYTES).")

    def _pin(self, key: str, *, keep: bool) -> None:
        entry = _entry(key)
        if not keep:
            cache.unpin(entry.path)
        elif not cache.pin(entry.path):
            raise CommandError(f"{entry.key} is being freed at this moment. It is made again when a run needs it.")
        self.stdout.write(f"{entry.kind} {entry.key} is {'pinned' if keep else 'not pinned'}.")

    def _free(self, wanted: int | None, *, dry: bool) -> None:
        if wanted is not None and wanted < 1:
            raise CommandError(f"--bytes is {wanted}; it must be at least 1.")
        most = _EVERYTHING if wanted is None else wanted
        gone = cache_limit.chosen(cache_limit.kept(), most) if dry else cache_limit.free(most)
        for entry in gone:
            self.stdout.write(f"{entry.kind} {entry.key}: {entry.bytes} bytes")
        freed = sum(entry.bytes for entry in gone)
        self.stdout.write(f"{len(gone)} entries, {freed} bytes {'would be freed' if dry else 'freed'}.")
        if freed < (wanted or 0):
            self.stdout.write("The others are pinned or in use; `manage.py cache list` says by whom.")


def _entry(beginning: str) -> CacheEntry:
    found = [entry for entry in cache.entries() if entry.key.startswith(beginning)]
    if len(found) == 1:
        return found[0]
    what = "several entries begin" if found else "no entry begins"
    raise CommandError(f"In the cache {what} with {beginning!r}. `manage.py cache list` shows the keys.")


def _columns(row: Kept) -> list[str]:
    entry = row.entry
    used = timezone.localtime(datetime.fromtimestamp(entry.used_at, tz=timezone.get_current_timezone()))
    made_for = [f"data {entry.data}" if entry.data else "", f"teacher {entry.teacher}" if entry.teacher else ""]
    held = ["pinned" if entry.pinned else "", "open" if entry.open else "", *row.tasks]
    return [
        f"{entry.kind:8}",
        entry.key,
        f"{entry.bytes:>14}",
        f"{used:%Y-%m-%d %H:%M}",
        ", ".join(part for part in made_for if part) or "unknown",
        f"[{', '.join(part for part in held if part)}]" if any(held) else "",
    ]
