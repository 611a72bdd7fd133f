"""``manage.py bind_model TASK PATH``: give a task a model that was trained elsewhere."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from distillation.contract.request import InvalidRequest
from distillation.contract.sentence import Refused
from distillation.jobs.binding import bind_for_request, bind_here
from distillation.models import TrainingTask
from distillation.models.sentences import translate


class Command(BaseCommand):
    """Check, convert where needed, and bind."""

    help = "Check a model file below the models root and bind it to a task; .pt and .pth are converted."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Two names; the options are the web process's."""
        parser.add_argument("task_id", help="TASK_…")
        parser.add_argument("path", help="the file, relative to the models root or to DISTILLATION_HOME")
        parser.add_argument("--actor", default="manage.py", help="who does it, for the task's log")
        parser.add_argument("--for-request", action="store_true", help="answer a web request through pipes")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was done, or end with the reason."""
        task = TrainingTask.objects.alive().filter(task_id=options["task_id"]).first()
        if task is None:
            raise CommandError(f"There is no task {options['task_id']}.")
        if options["for_request"]:
            bind_for_request(task, options["actor"], options["path"])
            return
        try:
            self.stdout.write(translate(bind_here(task, options["actor"], options["path"])))
        except InvalidRequest as invalid:
            raise CommandError(translate(invalid.problems[0].sentence)) from invalid
        except Refused as refused:
            raise CommandError(translate(refused.sentence)) from refused
