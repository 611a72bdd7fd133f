"""``manage.py remove_samples``: take the sample tasks away for good."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from distillation.services.samples import remove_samples


class Command(BaseCommand):
    """Delete the rows that ``loaddata sample_tasks`` made, with their history and evaluations."""

    help = "Remove the sample tasks (loaddata sample_tasks brings them back)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove them and say how many there were."""
        self.stdout.write(f"{remove_samples()} sample tasks removed.")
