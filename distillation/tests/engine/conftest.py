"""A home with data and a teacher, and contexts in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from distillation.contract.spec import DataSpec, LossSpec, RunSpec, StudentSpec, TeacherSpec, TrainSpec
from distillation.engine import throughput
from distillation.engine.context import Context
from distillation.engine.events import EventWriter
from distillation.engine.progress import Progress
from distillation.engine.stopping import StopRequest
from distillation.tests.engine.samples import write_dataset, write_run, write_teacher


@pytest.fixture(autouse=True)
def quick_measurements(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speed is still measured, for less long."""
    monkeypatch.setattr(throughput, "MIN_SECONDS", 0.02)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one data set and one teacher."""
    write_dataset(tmp_path / "datasets" / "shapes")
    write_teacher(tmp_path / "models" / "teacher")
    return tmp_path


@pytest.fixture
def spec() -> RunSpec:
    """A short distillation with a control arm."""
    return RunSpec(
        task_id="TASK_00000001",
        mode="distillation",
        task_type="classification",
        data=DataSpec("shapes", "datasets/shapes", "datasets/shapes"),
        teacher=TeacherSpec("task", "teacher", "models/teacher"),
        student=StudentSpec("cnn-tiny", 8),
        train=TrainSpec(3, 8, 3e-3, "adamw", "cosine", 1e-4, 1, 0.0, 0),
        loss=LossSpec(4.0, 0.9, 0.1),
        control=True,
        threads=1,
        device="cpu",
        checkpoint_seconds=0,
        max_unreadable_share=0.05,
    )


@pytest.fixture
def make_context(home: Path) -> Callable[..., Context]:
    """Make the context of an attempt of a spec, in a run directory of its own."""

    def make(spec: RunSpec, name: str = "run", attempt: int = 1) -> Context:
        run_dir = write_run(home, spec, name)
        events = EventWriter(run_dir.events(attempt))
        return Context(run_dir, home, spec, events, StopRequest(), Progress(spec, events))

    return make
