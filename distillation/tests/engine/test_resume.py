"""The promise: stopped or killed at any moment and started again, a run ends with the same weights bit for bit.

Kills of every kind of run are in ``kills/``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from distillation.contract import exit_codes
from distillation.contract.spec import RunSpec
from distillation.engine import run
from distillation.engine.context import Context
from distillation.engine.stopping import Stopped
from distillation.tests.engine.kills.killing import kill, wait_for, weights
from distillation.tests.engine.samples import StopAt, direct, events_of, start_engine, write_dataset, write_run

Event = dict[str, Any]


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
    home: Path, make_context: Callable[..., Context], spec: RunSpec, looks: int, arm: str, step: int
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
    assert weights(home, resumed.run_dir) == weights(home, whole.run_dir)
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
    assert kill(process)
    assert not run_dir.result.exists()
    resumed = make_context(spec, "killed", attempt=2)
    run.perform(resumed, 2)
    assert events_of(run_dir, 2)[0]["resumed_epoch"] >= 3
    assert weights(home, run_dir) == weights(home, whole.run_dir)


@pytest.mark.slow
def test_a_residual_network_on_two_threads_ends_with_the_same_weights(home: Path, spec: RunSpec):
    write_dataset(home / "datasets" / "more", train=16, unlabeled=0)
    spec = direct(
        spec, threads=2, data=replace(spec.data, path="datasets/more", val_path="datasets/more"),
        student=replace(spec.student, arch="resnet18"), train=replace(spec.train, batch_size=16),
    )  # fmt: skip
    whole = write_run(home, spec, "whole")
    assert start_engine(whole, home).wait() == exit_codes.COMPLETED
    run_dir = write_run(home, spec, "killed")
    process = start_engine(run_dir, home, 1)
    assert wait_for(process, run_dir, 1, lambda event: event["kind"] == "checkpoint" and event["epoch"] >= 1)
    assert kill(process)
    assert start_engine(run_dir, home, 2).wait() == exit_codes.COMPLETED
    assert events_of(run_dir, 2)[0]["resumed_epoch"] >= 1
    assert weights(home, run_dir) == weights(home, whole)
