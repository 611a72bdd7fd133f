"""``manage.py serve``: web and worker, supervised, until Ctrl-C."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management import CommandError
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connections

from distillation.management import serving
from distillation.management.installation import ensure_administrator, migrate, pending_migrations
from distillation.management.supervisor import Ended, raise_ended_on_signals


class Command(BaseCommand):
    """Start web and worker and restart one that dies."""

    help = "Serve web and worker on PORT (8080) until Ctrl-C; one that dies is started again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The address (the port comes from the environment as everywhere), and whether to migrate first."""
        parser.add_argument(
            "--host",
            default=serving.LOCAL,
            help="address to listen on (127.0.0.1); for other machines 0.0.0.0 with DISTILLATION_ALLOWED_HOSTS",
        )

        parser.add_argument("--migrate", action="store_true", help="apply missing migrations first")

    def handle(self, *args: Any, host: str, **options: Any) -> None:
        """Refuse early what cannot work, then serve."""
        number = serving.port()
        serving.require_free_port(host, number)
        if options.get("migrate") and (applied := migrate()):
            self._say(f"{applied} migrations applied.")
        self._require_schema()
        if not User.objects.filter(is_superuser=True, is_active=True).exists():
            self._first_administrator()
        connections.close_all()
        raise_ended_on_signals()
        try:
            with serving.supervisor(number, host=host, logs=None, say=self._say) as children:
                serving.wait_until_healthy(children, number)
                self._say(f"Serving on {serving.base_url(number)}/admin/ (Ctrl-C ends it).")
                while True:
                    children.sleep(60)
        except Ended:
            self._say("Ended: web and worker are stopped.")

    def _require_schema(self) -> None:
        try:
            missing = pending_migrations()
        except DatabaseError as error:
            raise CommandError(f"The database cannot be used: {error}. Look closer with: manage.py doctor") from error
        if missing:
            raise CommandError(
                f"{len(missing)} migrations are not applied ({missing[0]} …), so tables are missing. "
                "Run: manage.py migrate (or start with: make run)"
            )

    def _first_administrator(self) -> None:
        admin = ensure_administrator()
        if admin.created:
            self._say(f"First start: user {admin.name}, password {admin.password} (kept in {admin.file}).")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
