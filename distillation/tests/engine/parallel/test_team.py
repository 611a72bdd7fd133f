"""Two processes on the CPU take a step together as one would take it alone, and agree on everything else."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch

from distillation.engine.parallel import meeting
from distillation.tests.engine.parallel import pair
from distillation.tests.engine.samples import PROJECT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def met() -> dict[str, Any]:
    """What the first of two processes saw."""
    torch.set_num_threads(1)
    store = meeting.open_store(2)
    second = subprocess.Popen([sys.executable, "-m", pair.__name__, str(store.port)], cwd=PROJECT)
    try:
        found = pair.together(0, store)
        assert second.wait(timeout=30) == 0
    finally:
        second.kill()
        second.wait()
    return found


@pytest.mark.parametrize("kind", ["classification", "segmentation", "detection"])
def test_the_gradient_of_two_processes_is_that_of_one(met: dict[str, Any], kind: str):
    together, _ = met[kind]
    wanted = pair.alone(pair.scenes()[kind])
    assert len(together) == len(wanted)
    largest = max(float(gradient.abs().max()) for gradient in wanted)
    assert largest > 0
    for ours, theirs in zip(together, wanted, strict=True):
        assert float((ours - theirs).abs().max()) < 1e-5 * largest


@pytest.mark.parametrize("kind", ["classification", "segmentation", "detection"])
def test_the_sums_are_those_of_the_whole_batch(met: dict[str, Any], kind: str):
    scene = pair.scenes()[kind]
    _, (first, _second) = met[kind]
    batch = scene.make(0, pair.COUNT)
    with torch.inference_mode():
        terms = scene.goal.terms(scene.model, batch)
    assert terms.soft is not None
    assert (first.samples, first.labelled) == (pair.COUNT, batch.labelled)
    assert first.hard == pytest.approx(float(terms.hard) * batch.labelled, rel=1e-4)
    assert first.soft == pytest.approx(float(terms.soft) * pair.COUNT, rel=1e-4)
    if terms.answers is not None:
        assert first.correct == int((terms.answers.argmax(dim=1) == batch.labels).sum())


def test_a_share_that_teaches_nothing_ends_all_and_its_process_is_named(met: dict[str, Any]):
    assert met["refused"].startswith("In process 1 (0 to 1) of those that train together: The distillation loss")


def test_all_stop_after_the_same_step(met: dict[str, Any]):
    assert met["stopped"] == [False, True]


def test_processes_at_different_steps_do_not_train(met: dict[str, Any]):
    assert met["meeting"] == "the processes stand at different steps: [5, 6]"
