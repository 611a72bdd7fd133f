"""For every kind of run: killed (kill -9) at five moments or more, it ends with the weights of an undisturbed one."""

from __future__ import annotations

from pathlib import Path

import pytest

from distillation.contract import exit_codes
from distillation.tests.engine.coloured import performed
from distillation.tests.engine.kills import drill
from distillation.tests.engine.kills.killing import forget, kill, wait_for, weights
from distillation.tests.engine.kills.kinds import KINDS, MOMENTS
from distillation.tests.engine.samples import events_of, start_engine, write_run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

RESUMED = {"while the student learns": "student", "while the control learns": "control"}
"""The arm that the next attempt goes on with."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty one."""
    return tmp_path


@pytest.mark.parametrize("name", KINDS)
def test_a_run_killed_at_every_moment_ends_with_the_same_weights(home: Path, name: str):
    spec, moments = KINDS[name].prepare(home), KINDS[name].moments
    expected = weights(home, performed(home, spec, "whole").run_dir)
    forget(home)
    run_dir = write_run(home, spec, "killed")
    for attempt, moment in enumerate(moments, start=1):
        process = start_engine(run_dir, home, attempt)
        came = wait_for(process, run_dir, attempt, MOMENTS[moment])
        assert kill(process), f"it had ended before it was killed {moment}"
        assert came, moment
        assert not run_dir.result.exists()
    last = len(moments) + 1
    assert start_engine(run_dir, home, last).wait() == exit_codes.COMPLETED
    for attempt, moment in enumerate(moments, start=2):
        if arm := RESUMED.get(moment):
            assert events_of(run_dir, attempt)[0]["resumed_arm"] == arm
    assert "artifacts/model/model.safetensors" in expected
    assert weights(home, run_dir) == expected


def test_the_drill_kills_at_random_and_compares(capsys: pytest.CaptureFixture[str]):
    assert drill.main(["classification", "--kills", "4", "--seed", "11"]) == 0
    said = capsys.readouterr().out
    assert "seed 11" in said
    assert "4 kills" in said
    assert "ended with the same weights" in said
