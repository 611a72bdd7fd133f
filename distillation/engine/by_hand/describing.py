"""``python -m distillation.engine describe``: what this engine can do, and a spec to begin with."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from typing import Any

import torch

from distillation.contract import exit_codes, feature_losses
from distillation.contract.options import BY_NAME
from distillation.contract.spec import DataSpec, LossSpec, RunSpec, StudentSpec, TeacherSpec, TrainSpec
from distillation.contract.students import STUDENTS
from distillation.contract.task_types import METRICS
from distillation.contract.teachers import FAMILIES
from distillation.contract.version import version

_CHOICES = ("optimizer", "lrScheduler", "method", "distillLossType", "distillationType", "augmentation")


def describe(what: str) -> int:
    """Print everything, or an example of a spec, as JSON."""
    text = example().to_json() if what == "spec" else json.dumps(everything(), indent=1, ensure_ascii=False)
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:  # a reader such as head has enough; what is left goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return exit_codes.COMPLETED


def everything() -> dict[str, Any]:
    """Versions, devices, students, teachers, options."""
    return {
        "version": version(),
        "torch": torch.__version__,
        "threads": len(os.sched_getaffinity(0)),
        "gpus": [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())],
        "metrics": METRICS,
        "students": [asdict(student) for student in STUDENTS.values()],
        "teachers": [
            {"kind": family.kind, "what": family.label, "teaches": family.teaches} for family in FAMILIES.values()
        ],
        "choices": {name: BY_NAME[name].choices for name in _CHOICES},
        "feature_losses": {name: sorted(types) for name, types in feature_losses.SUITS.items()},
    }


def example() -> RunSpec:
    """A distillation of a classifier; everything that is not said has its default."""
    return RunSpec(
        task_id="by-hand",
        mode="distillation",
        task_type="classification",
        data=DataSpec("digits", "datasets/digits", "datasets/digits"),
        teacher=TeacherSpec("huggingface", "vit-base", "models/vit-base"),
        student=StudentSpec("resnet18", 64),
        train=TrainSpec(
            epochs=10,
            batch_size=32,
            learning_rate=1e-3,
            optimizer="adamw",
            schedule="cosine",
            weight_decay=1e-4,
            grad_accum_steps=1,
            max_grad_norm=0.0,
            seed=0,
        ),
        loss=LossSpec(temperature=3.0, soft_weight=0.7, hard_weight=0.3),
        control=True,
        threads=max(1, len(os.sched_getaffinity(0))),
        device="cuda" if torch.cuda.is_available() else "cpu",
        checkpoint_seconds=60.0,
        max_unreadable_share=0.05,
    )
