"""The students of the catalogue: built from random weights, or started from weights that exist."""

from distillation.engine.students.building import build, needs_pairs, parameter_count, stem
from distillation.engine.students.inputs import normalise
from distillation.engine.students.vit import LogitsOnly

__all__ = ["LogitsOnly", "build", "needs_pairs", "normalise", "parameter_count", "stem"]
