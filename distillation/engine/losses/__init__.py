"""What student and teacher, or student and labels, are compared by; one module a kind of comparison."""

from __future__ import annotations

from distillation.engine.losses.labels import IGNORED, hard_loss
from distillation.engine.losses.response import soft_loss, soften
from distillation.engine.losses.teaching import require_teaching

__all__ = ["IGNORED", "hard_loss", "require_teaching", "soft_loss", "soften"]
