"""``manage.py prune_points --older-than DAYS``: make the database smaller without losing the shape of a curve."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from distillation.services import retention

DEFAULT_KEEP = 500
MAX_DAYS = 36_500
MAX_KEEP = 1_000_000


class Command(BaseCommand):
    """Thin the points of tasks that ended long ago; drop superseded ones, resource samples and everyday log lines."""

    help = (
        "Thin what tasks that ended long ago have left: of each curve the points that a picture shows stay, "
        "superseded points, resource samples and log lines below a warning go. Without --yes it only says what it "
        "would do."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How old, how many, and whether in earnest."""
        parser.add_argument("--older-than", type=int, required=True, metavar="DAYS", help="days since a task's end")
        parser.add_argument(
            "--keep", type=int, default=DEFAULT_KEEP, metavar="POINTS", help="points a curve keeps (500; 0: none)"
        )
        parser.add_argument("--yes", action="store_true", help="do it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what goes; with --yes let it go."""
        days, keep = options["older_than"], options["keep"]
        if not 0 <= days <= MAX_DAYS:
            raise CommandError(f"--older-than is {days}; it must lie between 0 and {MAX_DAYS} days.")
        if keep != 0 and not 10 <= keep <= MAX_KEEP:
            raise CommandError(f"--keep is {keep}; it must be 0 or lie between 10 and {MAX_KEEP}.")
        if not options["yes"]:
            self._say(retention.plan(days, keep), "would go. Run again with --yes to do it.")
            return
        self._say(retention.prune(days, keep), "are gone.")

    def _say(self, rows: retention.Pruned, end: str) -> None:
        self.stdout.write(
            f"{rows.tasks} tasks: {rows.points} points, {rows.samples} resource samples, {rows.lines} log lines {end}"
        )
