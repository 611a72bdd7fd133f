"""What every step of a run is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from distillation.contract.run_dir import RunDir
from distillation.contract.spec import RunSpec
from distillation.engine.events import EventWriter
from distillation.engine.locks import SharedLocks
from distillation.engine.progress import Progress
from distillation.engine.stopping import StopRequest


@dataclass(frozen=True, slots=True)
class Context:
    """One attempt of one run."""

    run_dir: RunDir
    home: Path
    """``DISTILLATION_HOME``: the spec's paths are relative to it, and the caches lie in it."""
    spec: RunSpec
    events: EventWriter
    stop: StopRequest
    progress: Progress
    rank: int = 0
    """Which of the processes that train together this is; 0 leads, and alone writes."""
    uses: SharedLocks = field(default_factory=SharedLocks)
    """On what the run has open in the cache."""

    @property
    def cache(self) -> Path:
        """Prepared pictures and teachers' outputs, shared by all runs."""
        return self.home / "cache"
