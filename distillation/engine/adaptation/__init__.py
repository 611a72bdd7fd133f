"""A teacher learns from a run's labels, through adapters, before it answers."""

from distillation.engine.adaptation.judging import Judged, judge
from distillation.engine.adaptation.kept import Adapted, adapt

__all__ = ["Adapted", "Judged", "adapt", "judge"]
