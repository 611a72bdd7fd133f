"""Small real data sets, teachers and engine processes for the tests."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from distillation.contract.run_dir import RunDir
from distillation.contract.spec import RunSpec
from distillation.engine import export, students
from distillation.engine.stopping import StopRequest

CLASSES = ("bar", "cross", "dot")
PROJECT = Path(__file__).resolve().parents[3]


def draw(kind: str, number: int) -> np.ndarray:
    """A noisy 8 × 8 picture of a class: learnable, and different for every number."""
    pixels = np.random.default_rng(number).integers(0, 90, (8, 8))
    if kind in ("bar", "cross"):
        pixels[3:5] += 120
    if kind == "cross":
        pixels[:, 3:5] += 120
    if kind == "dot":
        pixels[2:6, 2:6] += 140
    return np.clip(pixels, 0, 255).astype(np.uint8)


def write_dataset(root: Path, *, train: int = 8, unlabeled: int = 24, val: int = 6) -> Path:
    """``train`` and ``val`` pictures a class; unlabelled ones in a nested folder."""
    for split, count, offset in (("train", train, 0), ("val", val, 1000)):
        for index, name in enumerate(CLASSES):
            folder = root / split / name
            folder.mkdir(parents=True, exist_ok=True)
            for number in range(count):
                Image.fromarray(draw(name, offset + 100 * index + number)).save(folder / f"{number:03d}.png")
    for number in range(unlabeled):
        folder = root / "unlabeled" / f"batch{number % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw(CLASSES[number % 3], 5000 + number)).save(folder / f"{number:03d}.png")
    return root


def write_teacher(
    folder: Path,
    classes: tuple[str, ...] = CLASSES,
    *,
    arch: str = "cnn-tiny",
    seed: int = 5,
    image_size: int = 8,
) -> Path:
    """A model directory of ours with random weights: its outputs are real, if not wise."""
    torch.manual_seed(seed)
    model = students.build(arch, classes=len(classes), channels=1, image_size=image_size)
    config = export.describe(model, arch=arch, classes=classes, channels=1, image_size=image_size, task_id="TEACHER")
    export.save_student(folder, model.state_dict(), config)
    return folder


class StopAt(StopRequest):
    """A stop request that comes when it has been asked a number of times: at an exact step border."""

    def __init__(self, times: int) -> None:
        self._left = times

    @property
    def requested(self) -> bool:
        self._left -= 1
        return self._left < 0

    @requested.setter
    def requested(self, _: bool) -> None:
        """Signals do not count here."""


def direct(spec: RunSpec, **changes: Any) -> RunSpec:
    """The spec without a teacher."""
    return replace(spec, mode="direct", teacher=None, loss=None, control=False, **changes)


def write_run(home: Path, spec: RunSpec, name: str = "run") -> RunDir:
    """Make a run directory with its spec."""
    run_dir = RunDir(home / "runs" / name)
    run_dir.root.mkdir(parents=True, exist_ok=True)
    run_dir.spec.write_text(spec.to_json(), encoding="utf-8")
    return run_dir


def start_engine(run_dir: RunDir, home: Path, attempt: int = 1) -> subprocess.Popen[bytes]:
    """Start an engine as the worker does: own session, a pipe as standard input."""
    command = [sys.executable, "-m", "distillation.engine", "run", str(run_dir.root)]
    command += ["--home", str(home), "--attempt", str(attempt)]
    with run_dir.engine_log(attempt).open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": str(PROJECT), "OMP_WAIT_POLICY": "PASSIVE"},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def events_of(run_dir: RunDir, attempt: int = 1) -> list[dict[str, Any]]:
    """Complete lines of an attempt's events."""
    path = run_dir.events(attempt)
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def sha256(path: Path) -> str:
    """Of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
