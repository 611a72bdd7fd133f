"""``DEMO_EXIT=1 manage.py demo``: whole in a fresh home, and once more there until Ctrl-C, with real training."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from django.conf import settings

from distillation.management.commands.demo import INTERRUPTED
from distillation.tests.management.test_supervisor import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def demo(home: Path) -> subprocess.Popen[str]:
    env = {**os.environ, "DISTILLATION_HOME": str(home), "PORT": str(free_port()), "DATABASE_URL": "", "DEMO_EXIT": "1"}
    return subprocess.Popen(
        [sys.executable, "manage.py", "demo"], cwd=settings.BASE_DIR, env=env,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def trains(home: Path, *, beside: set[str]) -> bool:
    """Whether another run than those has learned for an epoch."""
    return any(
        '"kind": "epoch"' in events.read_text()
        for events in home.glob("runs/*/events-*.jsonl")
        if events.parent.name not in beside
    )


def left_behind(home: Path) -> list[list[str]]:
    """Processes that work in the home; read from their environment, whatever their parent is by now."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("DISTILLATION_HOME") == str(home):
                found.append(process.cmdline())
        except psutil.Error:
            continue
    return found


def test_the_demo_trains_compares_and_ends_without_a_trace_and_begins_again(tmp_path: Path):
    home = tmp_path / "demo"
    first = demo(home)
    said, complained = first.communicate()
    assert first.returncode == 0, said[-3000:] + complained[-3000:]
    assert left_behind(home) == []
    result = json.loads((home / "demo-result.json").read_text())
    assert result["gain_points"] >= 5
    assert result["teacher"]["accuracy"] >= 97.5
    assert result["held_out_pictures"] == 540
    assert result["teacher"]["parameters"] > 10_000_000 > 2_000 > result["distilled"]["parameters"]
    assert f"{result['distilled']['accuracy']:.2f} %" in said
    password = (home / "admin-password").read_text().strip()
    assert said.count(password) == 1

    second = demo(home)
    known = set(result["tasks"].values())
    while second.poll() is None and not trains(home, beside=known):
        time.sleep(0.1)
    second.send_signal(signal.SIGINT)
    said, complained = second.communicate()
    assert second.returncode == INTERRUPTED, said[-3000:] + complained[-3000:]
    assert trains(home, beside=known)
    assert password not in said
    assert left_behind(home) == []
    assert json.loads((home / "demo-result.json").read_text()) == result
