"""``manage.py demo``: what the platform does, shown with a real training in about a minute."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from distillation.management.demo.show import show
from distillation.management.demo.watching import to_terminal
from distillation.management.supervisor import Ended, raise_ended_on_signals
from distillation_site import env

INTERRUPTED = 130


class Command(BaseCommand):
    """Train a large model, distil it into a small one, compare, and keep serving."""

    help = "Show the platform: real training over REST, then serve until Ctrl-C (DEMO_EXIT=1 ends before that)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the demo; Ctrl-C ends everything that it started."""
        leave = env.flag("DEMO_EXIT", False)
        display = to_terminal()
        raise_ended_on_signals()
        try:
            show(display, leave=leave)
        except Ended:
            display.say("Ended: web and worker are stopped.")
            sys.exit(INTERRUPTED if leave else 0)
