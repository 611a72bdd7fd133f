"""``manage.py demo``: what the platform does, shown with a real training: in about a minute, or with detectors."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from distillation.management.demo.classification import Classification
from distillation.management.demo.detection import MULTIPLE, TEACHERS, Detection, Sizes
from distillation.management.demo.show import show
from distillation.management.demo.story import Story
from distillation.management.demo.watching import to_terminal
from distillation.management.supervisor import Ended, raise_ended_on_signals
from distillation_site import env

INTERRUPTED = 130


class Command(BaseCommand):
    """Train a large model, distil it into a small one, compare, and keep serving."""

    help = "Show the platform: real training over REST, then serve until Ctrl-C (DEMO_EXIT=1 ends before that)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which task, and how large that of detection is."""
        usual = Sizes()
        parser.add_argument("--task", choices=("classification", "detection"), default="classification")
        sizes = parser.add_argument_group("sizes of the detection demo")
        sizes.add_argument("--scenes", type=int, default=usual.scenes, help=f"to learn from ({usual.scenes})")
        sizes.add_argument("--val-scenes", type=int, default=usual.val_scenes, help=f"held out ({usual.val_scenes})")
        sizes.add_argument("--scene-size", type=int, default=usual.side, help=f"pixels of a side ({usual.side})")
        sizes.add_argument("--epochs", type=int, default=usual.epochs, help=f"of teacher and student ({usual.epochs})")
        sizes.add_argument("--teacher", choices=TEACHERS, default=usual.teacher, help=f"({usual.teacher})")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the demo; Ctrl-C ends everything that it started."""
        leave = env.flag("DEMO_EXIT", False)
        display = to_terminal()
        raise_ended_on_signals()
        try:
            show(display, _story(options), leave=leave)
        except Ended:
            display.say("Ended: web and worker are stopped.")
            sys.exit(INTERRUPTED if leave else 0)


def _story(options: dict[str, Any]) -> Story:
    if options["task"] == "classification":
        return Classification()
    sizes = Sizes(
        options["scenes"], options["val_scenes"], options["scene_size"], options["epochs"], options["teacher"]
    )
    if sizes.side % MULTIPLE:
        raise CommandError(f"--scene-size is {sizes.side}; detectors take multiples of {MULTIPLE}.")
    if sizes.epochs < 1:
        raise CommandError(f"--epochs is {sizes.epochs}; it must be at least 1.")
    return Detection(sizes)
