"""The promise: stopped or killed at any moment and started again, a run ends with the same weights bit for bit."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from distillation.contract import exit_codes
from distillation.contract.run_dir import RunDir
from distillation.contract.spec import RunSpec, TeacherSpec
from distillation.engine import run
from distillation.engine.context import Context
from distillation.engine.stopping import Stopped
from distillation.tests.engine.samples import (
    StopAt,
    events_of,
    sha256,
    start_engine,
    write_dataset,
    write_run,
    write_teacher,
)

Event = dict[str, Any]


def weights(run_dir: RunDir) -> list[str]:
    """Checksums of what the run delivers."""
    return [sha256(run_dir.artifacts / arm / "model.safetensors") for arm in ("model", "control")]


def wait_for(process: subprocess.Popen[bytes], run_dir: RunDir, attempt: int, wanted: Callable[[Event], bool]) -> bool:
    """Whether the event came before the engine ended."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        ended = process.poll() is not None
        if any(map(wanted, events_of(run_dir, attempt))):
            return True
        if ended:
            return False
        time.sleep(0.005)
    raise TimeoutError


PICTURES = 66
"""Looks at the stop request before the first step, once the caches are there: one for each picture of the data set."""


@pytest.mark.parametrize(
    ("looks", "arm", "step"),
    [
        (2, "student", 3),  # in the first epoch
        (6, "student", 6),  # in the validation after it
        (15, "student", 14),  # in the third epoch
        (21 + 4, "control", 5),
    ],
)
def test_a_run_stopped_anywhere_ends_with_the_same_weights_and_the_same_curve(
    make_context: Callable[..., Context], spec: RunSpec, looks: int, arm: str, step: int
):
    spec = replace(spec, checkpoint_seconds=1000)
    whole = make_context(spec, "whole")
    run.perform(whole, 1)
    stopped = make_context(spec, "stopped")
    with pytest.raises(Stopped):
        run.perform(replace(stopped, stop=StopAt(PICTURES + looks)), 1)
    assert not stopped.run_dir.result.exists()
    resumed = make_context(spec, "stopped", attempt=2)
    run.perform(resumed, 2)
    started, *_ = events_of(resumed.run_dir, 2)
    assert (started["resumed_arm"], started["resumed_step"]) == (arm, step)
    assert weights(resumed.run_dir) == weights(whole.run_dir)
    assert curve(events_of(resumed.run_dir, 1), events_of(resumed.run_dir, 2)) == curve(events_of(whole.run_dir))


def curve(*attempts: list[Event]) -> dict[tuple[str, int], list[float]]:
    """The figures of every epoch that do not depend on the clock."""
    names = ("step", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "soft_loss", "hard_loss", "best")
    epochs = [event for events in attempts for event in events if event["kind"] == "epoch"]
    return {(event["arm"], event["epoch"]): [event[name] for name in names] for event in epochs}


def test_an_engine_killed_once_ends_with_the_same_weights(
    home: Path, make_context: Callable[..., Context], spec: RunSpec
):
    spec = replace(spec, train=replace(spec.train, epochs=40))
    whole = make_context(spec, "whole")
    run.perform(whole, 1)
    run_dir = write_run(home, spec, "killed")
    process = start_engine(run_dir, home)
    assert wait_for(process, run_dir, 1, lambda event: event["kind"] == "checkpoint" and event["epoch"] >= 3)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not run_dir.result.exists()
    resumed = make_context(spec, "killed", attempt=2)
    run.perform(resumed, 2)
    assert events_of(run_dir, 2)[0]["resumed_epoch"] >= 3
    assert weights(run_dir) == weights(whole.run_dir)


@pytest.fixture
def slower(home: Path, spec: RunSpec) -> RunSpec:
    """A run whose phases last long enough to be hit."""
    write_dataset(home / "datasets" / "many", train=60, unlabeled=1500, val=60)
    write_teacher(home / "models" / "large", arch="resnet18")
    return replace(
        spec,
        data=replace(spec.data, path="datasets/many", val_path="datasets/many"),
        teacher=TeacherSpec("task", "large", "models/large"),
        train=replace(spec.train, epochs=4, grad_accum_steps=2),
        checkpoint_seconds=0.05,
    )


MOMENTS: dict[str, Callable[[Event], bool]] = {
    "decoding": lambda event: event.get("phase") == "prepare" and event["done"] > 0,
    "asking the teacher": lambda event: event.get("phase") == "teacher" and event["done"] > 0,
    "first steps": lambda event: event.get("phase") == "student",
    "mid-epoch": lambda event: event["kind"] == "checkpoint" and event["arm"] == "student" and event["epoch"] == 1,
    "between the arms": lambda event: event.get("phase") == "control",
    "control arm": lambda event: event["kind"] == "checkpoint" and event["arm"] == "control",
    "evaluation": lambda event: event.get("phase") == "evaluate",
    "export": lambda event: event.get("phase") == "export",
}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_killed_in_every_phase_ends_with_the_same_weights(home: Path, slower: RunSpec):
    whole = write_run(home, slower, "whole")
    assert start_engine(whole, home).wait() == exit_codes.COMPLETED
    for folder in (home / "cache").iterdir():
        folder.rename(home / f"old-{folder.name}")
    run_dir = write_run(home, slower, "killed")
    hit = []
    for attempt, (name, moment) in enumerate(MOMENTS.items(), start=1):
        process = start_engine(run_dir, home, attempt)
        if wait_for(process, run_dir, attempt, moment) and process.poll() is None:
            hit.append(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    last = len(MOMENTS) + 1
    assert start_engine(run_dir, home, last).wait() == exit_codes.COMPLETED
    assert weights(run_dir) == weights(whole)
    assert {"decoding", "asking the teacher", "first steps", "mid-epoch", "control arm", "evaluation"} <= set(hit)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_residual_network_on_two_threads_ends_with_the_same_weights(home: Path, slower: RunSpec):
    train = replace(slower.train, epochs=3, batch_size=16, optimizer="adamw", grad_accum_steps=1)
    spec = replace(
        slower, mode="direct", teacher=None, loss=None, control=False, threads=2, train=train,
        student=replace(slower.student, arch="resnet18"), checkpoint_seconds=1.0,
    )  # fmt: skip
    whole = write_run(home, spec, "whole")
    assert start_engine(whole, home).wait() == exit_codes.COMPLETED
    run_dir = write_run(home, spec, "killed")
    process = start_engine(run_dir, home, 1)
    assert wait_for(process, run_dir, 1, lambda event: event["kind"] == "checkpoint" and event["epoch"] >= 1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert start_engine(run_dir, home, 2).wait() == exit_codes.COMPLETED
    assert sha256(run_dir.model / "model.safetensors") == sha256(whole.model / "model.safetensors")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_killed_again_and_again_at_random_ends_with_the_same_weights(home: Path, slower: RunSpec):
    whole = write_run(home, slower, "whole")
    assert start_engine(whole, home).wait() == exit_codes.COMPLETED
    run_dir = write_run(home, slower, "killed")
    generator = random.Random(11)
    attempts = 9
    for attempt in range(1, attempts + 1):
        process = start_engine(run_dir, home, attempt)
        wait_for(process, run_dir, attempt, lambda event: event["kind"] == "started")
        try:
            code = process.wait(None if attempt == attempts else generator.uniform(0.1, 1.5))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        else:
            assert code == exit_codes.COMPLETED
            break
    assert attempt > 1
    assert weights(run_dir) == weights(whole)
