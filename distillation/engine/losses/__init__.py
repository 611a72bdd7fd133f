"""What student and teacher, or student and labels, are compared by; one module a kind of comparison."""

from __future__ import annotations

from distillation.engine.losses.labels import IGNORED, Mixed, hard_loss, plain
from distillation.engine.losses.response import soft_loss, soften
from distillation.engine.losses.teaching import require_teaching

__all__ = ["IGNORED", "Mixed", "hard_loss", "plain", "require_teaching", "soft_loss", "soften"]
