"""The client as a user has it: the folder on the path, nothing of the platform imported."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from distillation.tests.clients.stub import TASK, TOKEN, Stub, running

CLIENT = Path(__file__).resolve().parents[3] / "clients" / "python"
sys.path.insert(0, str(CLIENT))

from distillation_client import Run, journal, sender  # noqa: E402 - the path comes first


@pytest.fixture
def stub() -> Iterator[Stub]:
    with running(Stub()) as there:
        yield there


@pytest.fixture
def buffer(tmp_path: Path) -> Path:
    return tmp_path / "buffer"


@pytest.fixture
def run_of(buffer: Path) -> Callable[..., Run]:
    """A run that reports to the stub."""

    def make(server: Stub | str, **options: Any) -> Run:
        url = server if isinstance(server, str) else server.url
        options = {"task": TASK, "token": TOKEN, "buffer_dir": buffer, "exit_seconds": 10, "timeout": 1, **options}
        return Run(url, **options)

    return make


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delays of tenths of a second."""
    monkeypatch.setattr(sender, "LONGEST_DELAY", 0.05)
    monkeypatch.setattr(sender, "IDLE_SECONDS", 0.05)
    monkeypatch.setattr(sender, "POINTS_EVERY_SECONDS", 0.05)
    monkeypatch.setattr(journal, "DISK_RETRY_SECONDS", 0.1)


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for the condition, or fail."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def journals(buffer: Path) -> list[Path]:
    return sorted(buffer.rglob("journal.jsonl"))
