"""The figures of events that become curves: the name of each, and where it is not one.

Outside scripts choose names of their own; those that follow these are drawn in the same pictures.
"""

from __future__ import annotations

STEP_SERIES = {
    "loss": "loss",
    "soft_loss": "softLoss",
    "feature_loss": "featureLoss",
    "hard_loss": "hardLoss",
    "learning_rate": "learningRate",
    "samples_per_second": "samplesPerSecond",
}
"""Key of a step event → name of the curve."""

EPOCH_SERIES = {
    "train_loss": "trainLoss",
    "train_accuracy": "trainAccuracy",
    "val_loss": "valLoss",
    "val_accuracy": "valAccuracy",
    "epoch_seconds": "epochSeconds",
}
"""Key of an epoch event → name of the curve; its losses are means over the epoch."""

OF_THE_TEACHER = frozenset({"soft_loss", "feature_loss"})
"""Null in an arm without a teacher, where it says nothing; in one with a teacher it was not finite."""

OF_LABELS = frozenset({"train_accuracy"})
"""Null when no sample was labelled."""

MAX_NAME = 64
"""Characters of a curve's name."""
