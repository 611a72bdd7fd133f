"""Schemathesis against the committed schema, as every role and as nobody: no 5xx, nothing undocumented, no violation.

``SCHEMATHESIS_ARGS`` (``make test-schema ARGS="--max-time 600 --seed 8"``) is for longer runs by hand.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from distillation.tests.api.test_schema import SNAPSHOT
from distillation.tests.jobs.platform import PROJECT
from distillation.tests.schemathesis.rows import PEOPLE
from distillation.tests.schemathesis.server import Server, prepare

CONFIG = Path(__file__).with_name("schemathesis.toml")
EVERY_ROLE = ("nobody", *PEOPLE, "reader", "reporter")
SECONDS = 900
NOT_ACCEPTED = {"POST /auth/login", "POST /auth/refreshToken"}
"""Nobody guesses a password or a token; other tests log in."""
BY_LIMITS = ["--phases", "examples,coverage"]
"""Values at and beyond every limit of the schema: as many as the schema has limits."""
BY_CHANCE = ["--phases", "fuzzing,stateful"]

BY_HAND = shlex.split(os.environ.get("SCHEMATHESIS_ARGS", ""))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0 if BY_HAND else SECONDS + 60)]


@dataclass(frozen=True)
class Prepared:
    home: Path
    tokens: dict[str, str]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    home = tmp_path_factory.mktemp("prepared") / "home"
    return Prepared(home, prepare(home))


def explore(prepared: Prepared, folder: Path, role: str, *arguments: str, **environment: str) -> dict[str, Any]:
    """Run Schemathesis as the role on a server of its own; returns its report."""
    report = folder / "report.json"
    token = prepared.tokens.get(role)
    headers = ["--header", f"Authorization: Bearer {token}"] if token else []
    server = Server(prepared.home, folder / "served", **environment)
    with server as address:
        command = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG), "run",
                   str(SNAPSHOT), "--url", address, "--no-color", "--report", "json",
                   "--report-json-path", str(report), *headers, *arguments, *BY_HAND]  # fmt: skip
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False,
                              timeout=None if BY_HAND else SECONDS)  # fmt: skip
    shutil.rmtree(folder / "served" / "runs", ignore_errors=True)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
    # In the legacy style a crash is answered with HTTP 200, too.
    log = server.log.read_text(errors="replace")
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:5000]
    return dict(json.loads(report.read_text()))


def everywhere(prepared: Prepared, folder: Path, role: str, seconds: int, *arguments: str, **environment: str) -> None:
    """Explore for so long, and longer where a busy machine did not get round to every operation."""
    for factor in (1, 4):
        found = explore(
            prepared, folder / f"{factor}", role, *arguments, "--max-time", str(factor * seconds), **environment
        )
        if found["operations"]["tested"] == found["operations"]["total"]:
            return
    assert found["operations"]["tested"] == found["operations"]["total"]


def test_at_every_limit_of_the_schema(prepared, tmp_path):
    report = explore(prepared, tmp_path, "engineer", *BY_LIMITS)
    assert report["operations"]["tested"] == report["operations"]["total"]
    accepted = {
        operation
        for operation, phases in report["valid_rates"].items()
        if any(phase["accepted"] for phase in phases.values())
    }
    # Otherwise the checks have seen refusals only.
    assert len(accepted | NOT_ACCEPTED) == report["operations"]["total"], set(report["valid_rates"]) - accepted


@pytest.mark.parametrize("role", EVERY_ROLE)
def test_as_every_role(prepared, tmp_path, role):
    seconds = 45 if role == "engineer" else 18
    everywhere(prepared, tmp_path, role, seconds, *BY_CHANCE)


def test_in_the_legacy_style_no_server_error(prepared, tmp_path):
    arguments = ["--phases", "fuzzing", "--checks", "not_a_server_error"]
    everywhere(prepared, tmp_path, "engineer", 12, *arguments, DISTILLATION_ERROR_STYLE="legacy")
