"""How long an engine takes from its process's start to its first optimizer step, where everything is cached.

A run on digits at 32 px whose pictures are decoded and whose teacher has answered already, as a second run with other
hyper-parameters finds them. Each start is a process of its own: the product's own program, ended by a hook after its
first step.

    python benchmarks/engine_start.py [--rounds N]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from distillation.contract.run_dir import RunDir
from distillation.contract.spec import DataSpec, LossSpec, RunSpec, StudentSpec, TeacherSpec, TrainSpec
from distillation.engine import export, students

AIM = 6.0
SIZE = 32
STUDENTS = ("cnn-tiny", "resnet18")


def write_home(home: Path) -> None:
    """Digits as pictures, and a finished task's model as teacher."""
    data = load_digits()
    for number, (pixels, label) in enumerate(zip(data.images, data.target, strict=True)):
        folder = home / "datasets" / "digits" / ("val" if number % 3 == 0 else "train") / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.rint(pixels / 16 * 255).astype(np.uint8)).save(folder / f"{number}.png")
    torch.manual_seed(0)
    model = students.build("cnn-tiny", classes=10, channels=1, image_size=SIZE)
    with torch.no_grad():
        for parameter in list(model.parameters())[-2:]:
            parameter.mul_(100)  # its answers differ enough to teach something
    classes = tuple(map(str, range(10)))
    config = export.describe(model, arch="cnn-tiny", classes=classes, channels=1, image_size=SIZE, task_id="TEACHER")
    export.save_student(home / "models" / "teacher", model.state_dict(), config)


def write_run(home: Path, name: str, student: str) -> Path:
    """A run directory that nobody has begun."""
    spec = RunSpec(
        name, "distillation", "classification",
        DataSpec("digits", "datasets/digits", "datasets/digits"),
        TeacherSpec("task", "teacher", "models/teacher"),
        StudentSpec(student, SIZE),
        TrainSpec(1, 64, 1e-3, "adamw", "cosine", 1e-4, 1, 0.0, 0),
        LossSpec(4.0, 0.9, 0.1), control=False, threads=1, device="cpu", checkpoint_seconds=15.0,
        max_unreadable_share=0.05,
    )  # fmt: skip
    run = RunDir(home / "runs" / name)
    run.root.mkdir(parents=True)
    run.spec.write_text(spec.to_json(), encoding="utf-8")
    return run.root


def start(home: Path, name: str, student: str) -> tuple[float, float]:
    """Seconds by the wall clock and of the processor up to the first step of a new run."""
    run_dir = write_run(home, name, student)
    command = [sys.executable, str(Path(__file__).with_name("first_step.py")), str(run_dir), str(home)]
    begin = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout:
        events = RunDir(run_dir).events(1).read_text(encoding="utf-8")
        raise SystemExit(f"{name} ended without a step:\n{events}{done.stderr}")
    at, processor = done.stdout.split()
    return float(at) - begin, float(processor)


def main() -> int:
    """Fill the caches, measure, print the table; exits with 1 above the aim by processor time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_home(home)
        for student in STUDENTS:
            start(home, f"{student}-fill", student)
        print(f"{'student':>10} {'wall s':>8} {'processor s':>12}   (medians of {arguments.rounds})")
        found: dict[str, list[tuple[float, float]]] = {student: [] for student in STUDENTS}
        for number in range(arguments.rounds):
            for student in STUDENTS:
                found[student].append(start(home, f"{student}-{number}", student))
        for student, seconds in found.items():
            wall, processor = (statistics.median(one) for one in zip(*seconds, strict=True))
            worst = max(worst, processor)
            print(f"{student:>10} {wall:>8.2f} {processor:>12.2f}")
    print(f"aim: {AIM:.0f} s")
    return 0 if worst <= AIM else 1


if __name__ == "__main__":
    sys.exit(main())
