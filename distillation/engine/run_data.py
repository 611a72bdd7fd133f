"""The data set that a run's spec names, read as its kind of task and its teacher need it."""

from __future__ import annotations

from pathlib import Path

from distillation.contract import teachers as catalogue
from distillation.contract.spec import RunSpec
from distillation.datasets import box_prompts, recognition
from distillation.datasets.recognition import AnyData


def read(home: Path, spec: RunSpec) -> AnyData:
    """Read it; boxes where a teacher draws masks into them. Raises Refused."""
    root, val_root = home / spec.data.path, home / spec.data.val_path
    if spec.teacher is not None and catalogue.draws_masks(spec.teacher.kind) and spec.task_type == "segmentation":
        return box_prompts.read(root, val_root)
    return recognition.read(root, val_root, spec.task_type)
