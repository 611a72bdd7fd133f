"""Whole runs that two processes share: the weights of one process, stops and resumes, and what a death does."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import safetensors.torch

from distillation.contract import exit_codes
from distillation.contract.run_dir import RunDir
from distillation.contract.sentence import Refused, Sentence
from distillation.contract.spec import RunSpec
from distillation.engine import failures, run
from distillation.engine.context import Context
from distillation.engine.events import EventWriter
from distillation.engine.failures import PeerLost
from distillation.engine.parallel import leading, peer
from distillation.engine.progress import Progress
from distillation.engine.stopping import Stopped
from distillation.tests.engine.samples import PROJECT, StopAt, events_of


@pytest.fixture
def shared(spec: RunSpec) -> RunSpec:
    """Two processes, odd batches of few labelled samples, and most of what a step can have."""
    train = replace(spec.train, batch_size=7, grad_accum_steps=2, max_grad_norm=0.5, ema=True, world_size=2)
    return replace(spec, train=train, checkpoint_seconds=1000, control=False)


def epochs_of(run_dir: RunDir, attempts: int = 1) -> list[dict[str, float]]:
    names = ("step", "train_loss", "train_accuracy", "val_loss", "soft_loss", "hard_loss")
    events = [event for number in range(1, attempts + 1) for event in events_of(run_dir, number)]
    return [{name: event[name] for name in names} for event in events if event["kind"] == "epoch"]


@pytest.mark.slow
def test_a_shared_run_that_was_stopped_and_went_on_ends_with_the_weights_of_one_process(
    make_context: Callable[..., Context], shared: RunSpec
):
    shared = replace(shared, train=replace(shared.train, augmentation="light", views=2, more_seeds=(3,)))
    alone = make_context(replace(shared, train=replace(shared.train, world_size=1)), "alone")
    run.perform(alone, 1)
    stopped = make_context(shared, "shared")
    with pytest.raises(Stopped):
        run.perform(at_first_epoch(stopped, lambda: setattr(stopped.stop, "requested", True)), 1)
    resumed = make_context(shared, "shared", attempt=2)
    run.perform(resumed, 2)
    assert events_of(resumed.run_dir, 2)[0]["resumed_step"] == 5  # one after the first epoch
    wanted, found = (safetensors.torch.load_file(each.run_dir.model / "model.safetensors") for each in (alone, resumed))
    assert all(float((wanted[name] - found[name]).abs().max()) < 1e-5 for name in wanted)
    for one, two in zip(epochs_of(alone.run_dir), epochs_of(resumed.run_dir, 2), strict=True):
        assert one == pytest.approx(two, rel=1e-3)
    assert len(epochs_of(resumed.run_dir, 2)) == 2 * shared.train.epochs
    assert not others_of(os.getpid())


@pytest.mark.slow
def test_an_other_that_is_killed_ends_the_run(make_context: Callable[..., Context], shared: RunSpec):
    context = make_context(shared)

    def kill() -> None:
        (other,) = others_of(os.getpid())
        other.kill()

    with pytest.raises(PeerLost) as lost:
        run.perform(at_first_epoch(context, kill), 1)
    code, sentence = failures.explain(lost.value, shared)
    assert code == exit_codes.CRASHED  # tried again, from the last checkpoint
    assert sentence.english().startswith("Process 1 of those that train together ended (signal 9)")


@pytest.mark.slow
def test_an_engine_that_is_killed_leaves_no_process_behind(home: Path, shared: RunSpec):
    file = home / "two.json"
    file.write_text(replace(shared, train=replace(shared.train, epochs=100_000), checkpoint_seconds=0.2).to_json())
    engine = subprocess.Popen([sys.executable, "-m", "distillation.engine", "run", str(file)], cwd=PROJECT)
    run_dir, deadline = RunDir(home / "two"), time.monotonic() + 120
    while not any(event["kind"] == "checkpoint" for event in events_of(run_dir)):
        assert engine.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (other,) = others_of(engine.pid)
    other.terminate()  # as a scheduler does to all of a group: the leader says when
    with pytest.raises(psutil.TimeoutExpired):
        other.wait(0.5)
    engine.kill()
    other.wait(5)
    engine.wait()


def test_an_other_that_refuses_ends_the_run_with_its_sentence(
    make_context: Callable[..., Context], shared: RunSpec, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    context = make_context(shared)
    report = {peer.REFUSED: Sentence("There is no folder {folder}.", {"folder": "x"}).as_json()}
    _stand_in(monkeypatch, tmp_path, f"print({json.dumps(json.dumps(report))}, flush=True); sys.exit(10)")
    with pytest.raises(Refused, match="There is no folder x"), leading.team(context, "student", None):
        pass


def test_a_stop_while_the_others_begin_leaves_none_behind(
    make_context: Callable[..., Context], shared: RunSpec, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(leading, "END_SECONDS", 0.1)
    context = replace(make_context(shared), stop=StopAt(3))
    _stand_in(monkeypatch, tmp_path, "import time; time.sleep(600)")
    with pytest.raises(Stopped), leading.team(context, "student", None):
        pass
    assert not others_of(os.getpid())


@pytest.mark.parametrize(
    ("batch_size", "words"),
    [(0, "batchSize instead of auto"), (3, "Choose 4 or more")],
)
def test_a_spec_that_two_cannot_share_is_refused(shared: RunSpec, batch_size: int, words: str):
    with pytest.raises(Refused, match=words):
        run.settle(replace(shared, train=replace(shared.train, batch_size=batch_size)))


def others_of(pid: int) -> list[psutil.Process]:
    """The processes that train along with an engine."""
    children = psutil.Process(pid).children()
    return [child for child in children if _trains(child)]


def _trains(child: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):  # ended, perhaps not waited for yet
        return peer.__name__ in child.cmdline()
    return False


def at_first_epoch(context: Context, act: Callable[[], None]) -> Context:
    """The attempt, with something that happens when its first epoch is over."""

    def watch(event: dict[str, Any]) -> None:
        if event["kind"] == "epoch" and event["epoch"] == 1:
            act()

    events = EventWriter(context.run_dir.events(1), watch=watch)
    return replace(context, events=events, progress=Progress(context.spec, events))


def _stand_in(monkeypatch: pytest.MonkeyPatch, folder: Path, code: str) -> None:
    """Start a program of the test in place of the other process."""
    (folder / "stand_in.py").write_text(f"import sys\n{code}\n")
    monkeypatch.setattr(peer, "__name__", "stand_in")
    monkeypatch.setenv("PYTHONPATH", str(folder))
