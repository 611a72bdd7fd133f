"""``DEMO_EXIT=1 manage.py demo``: twice in one fresh home, with real training."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from django.conf import settings

from distillation.tests.management.test_supervisor import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def demo(home: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "DISTILLATION_HOME": str(home), "PORT": str(free_port()), "DATABASE_URL": "", "DEMO_EXIT": "1"}
    return subprocess.run(
        [sys.executable, "manage.py", "demo"], cwd=settings.BASE_DIR, env=env, capture_output=True, text=True
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


def test_the_demo_trains_compares_and_ends_without_a_trace_and_works_again(tmp_path: Path):
    home = tmp_path / "demo"
    first = demo(home)
    assert first.returncode == 0, first.stdout[-3000:] + first.stderr[-3000:]
    assert left_behind(home) == []
    result = json.loads((home / "demo-result.json").read_text())
    assert result["gain_points"] >= 5
    assert result["teacher"]["accuracy"] >= 97.5
    assert result["held_out_pictures"] == 540
    assert result["teacher"]["parameters"] > 10_000_000 > 2_000 > result["distilled"]["parameters"]
    assert f"{result['distilled']['accuracy']:.2f} %" in first.stdout
    password = (home / "admin-password").read_text().strip()
    assert first.stdout.count(password) == 1

    second = demo(home)
    assert second.returncode == 0, second.stdout[-3000:] + second.stderr[-3000:]
    assert left_behind(home) == []
    assert password not in second.stdout
    again = json.loads((home / "demo-result.json").read_text())
    assert set(again["tasks"].values()).isdisjoint(result["tasks"].values())
