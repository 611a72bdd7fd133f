"""How many pictures were labelled, and what went wrong with the others."""

from __future__ import annotations

from typing import Any

from distillation.contract.labelling import NAMED_FAILURES
from distillation.contract.sentence import Sentence
from distillation.datasets.layout import shown
from distillation.datasets.writing.labels import LabelledPicture

MOST_FAILURES = 1000
"""Failures that are kept by name; all are counted."""


class Tally:
    """Counts since the beginning of the job, not of the attempt."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.succeeded = self.failed = self.objects = self.empty = 0
        self.failures: list[tuple[str, Sentence]] = []

    @property
    def processed(self) -> int:
        """Pictures that need not be looked at again."""
        return self.succeeded + self.failed

    def add(self, picture: LabelledPicture) -> None:
        """Count a picture that was labelled."""
        self.succeeded += 1
        self.objects += len(picture.labels)
        self.empty += not picture.labels

    def fail(self, path: str, why: Sentence) -> None:
        """Count a picture that could not be labelled."""
        self.failed += 1
        if len(self.failures) < MOST_FAILURES:
            self.failures.append((shown(path), why))

    def facts(self, named: int = NAMED_FAILURES) -> dict[str, Any]:
        """As JSON values, with this many failures by name."""
        return {
            "total": self.total,
            "processed": self.processed,
            "succeeded": self.succeeded,
            "failed": self.failed,
            "objects": self.objects,
            "empty": self.empty,
            "failures": [[path, why.as_json()] for path, why in self.failures[:named]],
        }
