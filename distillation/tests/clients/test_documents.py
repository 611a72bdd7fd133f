"""Every command of the documents, run as written against a real server."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from distillation.tests.clients.installation import Installation
from distillation.tests.jobs.platform import PROJECT

pytestmark = pytest.mark.slow
ADMIN = """
import django; django.setup()
from distillation.management.installation import ensure_administrator
ensure_administrator()
"""


def test_the_commands_of_outside_trainers_do_what_they_say(tmp_path: Path) -> None:
    there = Installation(tmp_path / "var")
    there.python(ADMIN)
    there.start()
    (tmp_path / "clients").symlink_to(PROJECT / "clients")
    text = (PROJECT / "docs" / "outside-trainers.md").read_text()
    commands = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
    commands = commands.replace("127.0.0.1:8080", f"127.0.0.1:{there.port}").replace("curl -s", "curl -sS --fail")
    environment = {**os.environ, "DISTILLATION_BUFFER_DIR": str(tmp_path / "buffer")}
    try:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, (done.stdout, done.stderr)
        assert "WARNING" not in done.stderr
        tasks = {task["taskName"]: task for task in there.call("GET", "/tasks", token=_admin(there, tmp_path))[1]}
        assert {name: task["status"] for name, task in tasks.items()} == dict.fromkeys(
            ("yolo on the cluster", "by hand", "legacy"), "COMPLETED"
        )
        assert tasks["by hand"]["bestAccuracy"] == 87.1
        assert tasks["legacy"]["accuracy"] == 83.0
        assert tasks["yolo on the cluster"]["currentEpoch"] == 10
    finally:
        there.kill()


def _admin(there: Installation, folder: Path) -> str:
    password = (folder / "var" / "admin-password").read_text().strip()
    _, session = there.call("POST", "/login", {"userName": "admin", "password": password}, root="/auth")
    return str(session["token"])
