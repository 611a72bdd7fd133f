"""Specs of the runs that ``teaching.py`` compares, and carrying them out."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from teaching_data import ROOT

from distillation.contract.spec import (  # teaching_data has put the project on the path
    DataSpec,
    LossSpec,
    RunSpec,
    StudentSpec,
    TeacherSpec,
    TrainSpec,
)


class Runs:
    """Whole runs of the engine below one folder, which is their home."""

    def __init__(self, home: Path, threads: int) -> None:
        self.home = home
        self._threads = threads

    def run(self, name: str, spec: RunSpec) -> dict[str, Any]:
        """Carry the run out, or on, and return its ``result.json``. Raises CalledProcessError."""
        file = self.home / "specs" / f"{name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(replace(spec, task_id=name, threads=self._threads).to_json(), encoding="utf-8")
        folder = self.home / "runs" / name
        command = [sys.executable, "-m", "distillation.engine", "run", str(file)]
        subprocess.run(
            [*command, "--home", str(self.home), "--out", str(folder)],
            cwd=ROOT, check=True, capture_output=True, text=True,
        )  # fmt: skip
        found: dict[str, Any] = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        return found


def labels_only(
    student: str, image_size: int, dataset: str, *, task_type: str = "classification", **training: Any
) -> RunSpec:
    """A run without a teacher."""
    folder = f"datasets/{dataset}"
    settings = {"optimizer": "adamw", "schedule": "cosine", "weight_decay": 1e-4, "grad_accum_steps": 1,
                "max_grad_norm": 0.0, "seed": 0}  # fmt: skip
    return RunSpec(
        task_id="", mode="direct", task_type=task_type, data=DataSpec(dataset, folder, folder),  # type: ignore[arg-type]
        teacher=None, student=StudentSpec(student, image_size), train=TrainSpec(**settings | training),  # type: ignore[arg-type]
        loss=None, control=False, threads=1, device="cpu", checkpoint_seconds=60.0, max_unreadable_share=0.05,
    )  # fmt: skip


def distilled(
    student: str,
    image_size: int,
    dataset: str,
    teacher: dict[str, Any] | TeacherSpec,
    *,
    temperature: float = 3.0,
    alpha: float = 0.7,
    control: bool = True,
    kind: str = "logit",
    **training: Any,
) -> RunSpec:
    """A run with a teacher, which may be a finished run's result; ``alpha`` is the weight of the soft loss."""
    if not isinstance(teacher, TeacherSpec):
        name = str(teacher["task_id"])
        teacher = TeacherSpec("task", name, f"runs/{name}/artifacts/model")
    return replace(
        labels_only(student, image_size, dataset, **training),
        mode="distillation",
        teacher=teacher,
        loss=LossSpec(temperature, alpha, 1 - alpha, kind),  # type: ignore[arg-type]
        control=control,
    )
