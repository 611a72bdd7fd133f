"""The run directory: the border between worker and engine.

``spec.json`` goes in; events, checkpoints, artifacts and ``result.json`` come out. Only names live here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PREPARED_DATA = "data.json"


@dataclass(frozen=True, slots=True)
class RunDir:
    """Paths inside one task's run directory (``$DISTILLATION_HOME/runs/<task_id>/``)."""

    root: Path

    @property
    def spec(self) -> Path:
        """The run spec, written once by the worker and never changed."""
        return self.root / "spec.json"

    @property
    def result(self) -> Path:
        """Written last, atomically; a valid one means that the run is complete."""
        return self.root / "result.json"

    @property
    def lock(self) -> Path:
        """Held with flock by the engine while it runs."""
        return self.root / "lock"

    @property
    def data(self) -> Path:
        """The data set's files as the first attempt found them."""
        return self.root / PREPARED_DATA

    @property
    def cache(self) -> Path:
        """The entries of the home's cache that the run opens, and whether it found or made each."""
        return self.root / "cache.json"

    @property
    def checkpoints(self) -> Path:
        """``last-<step>.pt`` files and ``best.safetensors``, a folder for each arm."""
        return self.root / "checkpoints"

    @property
    def artifacts(self) -> Path:
        """What people keep: the student model and the evaluation."""
        return self.root / "artifacts"

    @property
    def model(self) -> Path:
        """The student alone: ``model.safetensors`` and ``config.json``."""
        return self.artifacts / "model"

    @property
    def teacher_pictures(self) -> Path:
        """Pictures with the boxes that a teacher finds, ``1.jpg`` and on, drawn before the whole pass."""
        return self.artifacts / "pictures" / "teacher"

    def events(self, attempt: int) -> Path:
        """One JSON line an event; only newline-terminated lines count."""
        return self.root / f"events-{attempt}.jsonl"

    def engine_log(self, attempt: int) -> Path:
        """Standard output and error of the engine process."""
        return self.root / f"engine-{attempt}.log"
