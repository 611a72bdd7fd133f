"""Distil large models into small ones: tasks, training, evaluation and hand-off to annotation."""
