"""``manage.py create_demo_datasets``: handwritten digits, scenes of them, and waves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser

from distillation.management.demo import datasets, names

USUAL = datasets.Wanted()


class Command(BaseCommand):
    """Write the data sets of the demo; what is already there is left alone."""

    help = (
        "Write handwritten digits (scikit-learn) as image folders; on request also scenes of digits for detection and "
        "segmentation, and sequences."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Names, and how many scenes."""
        train, val, unlabeled = USUAL.scenes
        parser.add_argument(
            "names", nargs="*", choices=[[], *names.ALL], help=f"default: {' '.join(names.USUAL)}", metavar="name"
        )
        parser.add_argument("--scenes", type=int, default=train, help=f"scenes to learn from ({train})")
        parser.add_argument("--val-scenes", type=int, default=val, help=f"held-out scenes ({val})")
        parser.add_argument("--unlabeled-scenes", type=int, default=unlabeled, help=f"without labels ({unlabeled})")
        parser.add_argument("--scene-size", type=int, default=USUAL.scene_size, help="pixels of a scene's side, 64-320")
        parser.add_argument(
            "--aeon", type=Path, help="for italy-power: the wheel that 'pip download --no-deps aeon' fetches (6 MB)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write them. Raises CommandError for a folder of that name with other content."""
        root = Path(settings.DATASETS_ROOT)
        made = datasets.create(root, _wanted(options))
        for one in made:
            if one.outcome != "different":
                self.stdout.write(f"{root / one.name}: {one.outcome} ({one.files} files).")
        different = [str(root / one.name) for one in made if one.outcome == "different"]
        if different:
            raise CommandError(
                f"{', '.join(different)} exists with other content and was left alone. "
                "Rename or remove it, then run this again."
            )


def _wanted(options: dict[str, Any]) -> datasets.Wanted:
    counts = (options["scenes"], options["val_scenes"], options["unlabeled_scenes"])
    if min(counts[:2]) < 1 or counts[2] < 0 or max(counts) > 100_000:
        raise CommandError("Ask for 1 to 100000 scenes (none without labels is fine).")
    if not 64 <= options["scene_size"] <= 320:
        raise CommandError("--scene-size must be from 64 to 320.")
    wanted = tuple(dict.fromkeys(options["names"])) or names.USUAL
    aeon = options["aeon"]
    if names.ITALY_POWER in wanted and (aeon is None or not aeon.exists()):
        raise CommandError(
            "italy-power is read from the wheel of aeon, which is not part of this installation. Fetch it with "
            "'pip download --no-deps aeon' and name it: --aeon aeon-….whl"
        )
    return datasets.Wanted(wanted, counts, options["scene_size"], aeon)
