"""``manage.py create_demo_datasets``: handwritten digits as image folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.core.management.base import BaseCommand

from distillation.management.demo import datasets


class Command(BaseCommand):
    """Write the data sets of the demo; what is already there is left alone."""

    help = "Write handwritten digits (scikit-learn) as the data sets digits and digits-100."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Write them. Raises CommandError for a folder of that name with other content."""
        root = Path(settings.DATASETS_ROOT)
        made = datasets.create(root)
        for one in made:
            if one.outcome != "different":
                self.stdout.write(f"{root / one.name}: {one.outcome} ({one.files} files).")
        different = [str(root / one.name) for one in made if one.outcome == "different"]
        if different:
            raise CommandError(
                f"{', '.join(different)} exists with other content and was left alone. "
                "Rename or remove it, then run this again."
            )
