"""``manage.py adopt_legacy_database``: take over an existing MySQL installation, in place of ``migrate``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand
from django.db import DatabaseError
from django.utils.translation import override

from distillation.management.adoption.adopt import Adoption

BACKUP = "Is there a backup of this database, made after everything that writes to it was stopped? Type yes: "


class Command(BaseCommand):
    """Show the plan, ask for a backup, adopt."""

    help = (
        "Take over the md_ tables of an existing MySQL or MariaDB installation: no row is lost, what does not fit goes "
        "to md_quarantine, and the original tables stay aside. Shows its plan first; safe to repeat. See docs/mysql.md."
    )
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How far to go, and who answers for the backup."""
        parser.add_argument("--dry-run", action="store_true", help="show the plan and change nothing")
        parser.add_argument("--i-have-a-backup", action="store_true", help="do not ask for one")
        parser.add_argument("--noinput", "--no-input", action="store_false", dest="interactive", help="ask nothing")
        parser.add_argument(
            "--drop-originals",
            action="store_true",
            help="afterwards, when everything was looked at: drop the original tables that were set aside",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Adopt, or say why not. Raises CommandError."""
        with override("en"):
            adoption = Adoption(self._say)
            try:
                with adoption.alone():
                    if options["drop_originals"]:
                        adoption.drop_originals(lambda: self._ask_for_backup(options), dry_run=options["dry_run"])
                    else:
                        adoption.adopt(lambda: self._ask_for_backup(options), dry_run=options["dry_run"])
            except DatabaseError as error:
                raise CommandError(adoption.explained(error)) from error

    def _ask_for_backup(self, options: dict[str, Any]) -> None:
        if options["i_have_a_backup"]:
            return
        if not options["interactive"]:
            raise CommandError("--noinput needs --i-have-a-backup: make one first (docs/mysql.md says how).")
        try:
            answer = input(BACKUP)
        except EOFError:
            answer = ""
        if answer.strip().lower() != "yes":
            raise CommandError("Nothing was changed. Make a backup first (docs/mysql.md says how).")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
