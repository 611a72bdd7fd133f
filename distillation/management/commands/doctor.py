"""``manage.py doctor``: what works, what does not, why, and what to do. Never ends with a traceback."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import override

from distillation.management.doctor import database, home, machine, work
from distillation.management.doctor.finding import Finding, Level

MARKS = {Level.OK: "✓", Level.NONE: "–", Level.PROBLEM: "✗"}


class Command(BaseCommand):
    """Check this installation."""

    help = "Check the installation; for each thing what was found, the cause and the remedy. Status 1 on a problem."
    # The doctor must work where Django's own checks fail.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One option."""
        parser.add_argument("--json", action="store_true", help="print a JSON array")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print every finding; end with status 1 when one is a problem."""
        with override("en"):
            findings = [finding for part in (machine, home, database, work) for finding in part.checks()]
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
        else:
            self._print(findings)
        if any(finding.level == Level.PROBLEM for finding in findings):
            sys.exit(1)

    def _print(self, findings: list[Finding]) -> None:
        for finding in findings:
            self.stdout.write(f"{MARKS[finding.level]} {finding.check}: {finding.found}")
            if finding.cause:
                self.stdout.write(f"    {finding.cause}")
            if finding.remedy:
                self.stdout.write(f"    → {finding.remedy}")
        problems = sum(finding.level == Level.PROBLEM for finding in findings)
        self.stdout.write(f"\n{problems} problems." if problems else "\nEverything is in order.")
