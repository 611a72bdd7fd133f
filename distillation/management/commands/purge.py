"""``manage.py purge``: free the disk of what deleted tasks have left."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import override

from distillation.contract.sentence import Refused
from distillation.jobs import purge
from distillation.storage.local import home


class Command(BaseCommand):
    """Remove run directories of deleted tasks, and caches that no run refers to."""

    help = (
        "Free the files of deleted tasks and of caches that no run refers to. Without --yes it only says what it would "
        "do. A purged task can be restored, its files cannot."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether in earnest."""
        parser.add_argument("--yes", action="store_true", help="do it")

    def handle(self, *args: Any, **options: Any) -> None:
        """List what goes; with --yes remove it and say how many bytes are free."""
        with override("en"):
            try:
                self._purge(in_earnest=options["yes"])
            except Refused as refused:
                raise CommandError(refused.sentence.english()) from refused

    def _purge(self, *, in_earnest: bool) -> None:
        freed = count = 0
        for entry in purge.plan():
            gone = not in_earnest or purge.free(entry)
            name = entry.path.relative_to(home())
            self.stdout.write(
                f"{name}: {entry.bytes} bytes, {entry.why.english()}{'' if gone else '; IN USE or not removable'}"
            )
            if gone:
                freed, count = freed + entry.bytes, count + 1
        if in_earnest:
            self.stdout.write(f"{count} folders removed, {freed} bytes freed.")
        else:
            self.stdout.write(f"{count} folders, {freed} bytes would be freed. Run again with --yes to do it.")
