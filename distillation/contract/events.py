"""What the engine reports: one JSON object a line in ``events-<attempt>.jsonl``.

Every event has ``kind``, ``seq`` (from 1, without gaps within an attempt) and ``time`` (seconds since 1970).
The engine writes them, the worker reads them; both use the names below. Figures are plain floats; a figure
that is not finite is written as null.
"""

from __future__ import annotations

import json
from typing import Any

from distillation.contract.arms import ARMS

STARTED = "started"
"""pid, attempt, resumed_epoch (int or null), resumed_step, resumed_arm, device, threads, torch (version)"""

PHASE = "phase"
"""phase (one of PHASES), done, total, unit ("images", "steps", "files"), progress"""

STEP = "step"
"""Rate-limited. arm (of ``arms.ARMS``), epoch, step, total_steps, loss, soft_loss, feature_loss, hard_loss,
learning_rate, samples_per_second, trained_samples, progress (0-99 over the whole run), remaining_seconds"""

EPOCH = "epoch"
"""arm, epoch (from 1), step, train_loss, train_accuracy, val_loss, val_accuracy, distill_loss, soft_loss,
feature_loss, hard_loss (accuracies in percent), epoch_seconds, memory_mb, gpu_percent (or null), progress,
best (bool). A term that the kind of task or the loss does not have is absent, here and in step events"""

CHECKPOINT = "checkpoint"
"""arm, file (relative to the run directory), epoch, step, bytes"""

LOG = "log"
"""level ("info", "warning", "error"), sentence"""

FINISHED = "finished"
"""outcome: "completed" or "stopped" """

FAILED = "failed"
"""sentence: what was looked for, where, and what is available"""

PHASES = ("prepare", "adapt", "teacher", *ARMS, "evaluate", "export")
"""In the order of a run; "adapt" (the teacher learns from the labels), "teacher" (its outputs are cached), the control
arms and those of further seeds happen only where asked for."""


def parse_line(line: bytes) -> dict[str, Any] | None:
    """One event, or None for a line that is not one (a torn write before a crash)."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    if not isinstance(event, dict) or not isinstance(event.get("kind"), str):
        return None
    return event
