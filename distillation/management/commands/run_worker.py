"""Run a worker: it claims queued tasks and trains them."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from distillation.jobs.worker import WorkerLoop

MAX_SLOTS = 64


class Command(BaseCommand):
    """``manage.py run_worker [--slots N] [--once]``."""

    help = "Claim queued training tasks and run them until stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Two options."""
        parser.add_argument("--slots", type=int, default=1, help="runs at once on a host without GPUs (default 1)")
        parser.add_argument("--once", action="store_true", help="end when the queue is empty")

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until SIGTERM or Ctrl-C."""
        slots: int = options["slots"]
        if not 1 <= slots <= MAX_SLOTS:
            raise CommandError(f"--slots is {slots}; it must lie between 1 and {MAX_SLOTS}.")
        WorkerLoop(slots, once=options["once"]).run()
