"""Real processes: one that dies is started again, and no way of ending leaves one behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from django.conf import settings

pytestmark = pytest.mark.slow
SECONDS = 90


def until(condition: Callable[[], object], what: str) -> object:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {SECONDS} s: {what}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    """``manage.py serve`` in a home of its own."""

    def __init__(self, folder: Path, webs: int = 1) -> None:
        self.port, self.home = free_port(), folder / "served"
        self.env = {**os.environ, "DISTILLATION_HOME": str(self.home), "PORT": str(self.port), "DATABASE_URL": ""}
        self.env["DISTILLATION_WEB_PROCESSES"] = str(webs)
        self.log = folder / "serve.log"
        self.process: subprocess.Popen[bytes] | None = None

    def manage(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *command], cwd=settings.BASE_DIR, env=self.env, capture_output=True, text=True
        )

    def start(self) -> None:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--migrate"],
                cwd=settings.BASE_DIR,
                env=self.env,
                stdout=log,
                stderr=log,
            )
        until(lambda: "Serving on" in self.said(), "serving")

    def said(self) -> str:
        return self.log.read_text()

    def children(self) -> dict[str, psutil.Process]:
        """Web and worker by name."""
        assert self.process is not None
        found: dict[str, psutil.Process] = {}
        for child in psutil.Process(self.process.pid).children():
            command = " ".join(child.cmdline()) if child.status() != psutil.STATUS_ZOMBIE else ""
            words = (("web", "distillation_site.web"), ("worker", "run_worker"))
            found |= {name: child for name, word in words if word in command}
        return found

    def healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health/", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    platform = Served(tmp_path)
    platform.start()
    children = list(platform.children().values())
    yield platform
    assert platform.process is not None
    if platform.process.poll() is None:
        platform.process.send_signal(signal.SIGINT)
        platform.process.wait(SECONDS)
    for child in children:
        if child.is_running():
            child.kill()


def gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_killed_child_is_started_again(served: Served, name: str):
    before = served.children()
    assert set(before) == {"web", "worker"}
    before[name].kill()
    until(lambda: name in (now := served.children()) and now[name].pid != before[name].pid, f"a new {name}")
    until(served.healthy, "an answer")
    assert f"{name} ended (signal SIGKILL); starting it again in 1 s." in served.said()
    other = "worker" if name == "web" else "web"
    assert served.children()[other].pid == before[other].pid


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_nothing_is_left_behind_however_it_ends(served: Served, number: signal.Signals):
    assert served.process is not None
    children = list(served.children().values())
    served.process.send_signal(number)
    code = served.process.wait(SECONDS)
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0)
    until(lambda: gone(children), "the end of web and worker")
    assert not served.healthy()
    if number != signal.SIGKILL:
        assert "web and worker are stopped" in served.said()


def test_the_first_start_makes_an_administrator_and_the_second_keeps_still(served: Served):
    assert "First start: user admin, password " in served.said()
    assert served.process is not None
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(SECONDS) == 0
    served.start()
    assert "password" not in served.said()


def test_the_doctor_finds_the_served_platform_in_order(served: Served):
    found: list[str] = []

    def worker_is_known() -> bool:
        found[:] = [served.manage("doctor").stdout]
        return "✓ Worker" in found[0]

    until(worker_is_known, "a worker")
    assert "Everything is in order." in found[0]
    assert "✓ REST login: works for admin" in found[0]


def test_serving_an_empty_database_is_refused(tmp_path: Path):
    done = Served(tmp_path).manage("serve")
    assert done.returncode == 1
    assert "migrations are not applied" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_does_not_answer_is_one_sentence(tmp_path: Path):
    platform = Served(tmp_path)
    platform.env["DATABASE_URL"] = "mysql://root@127.0.0.1:1/nothing"
    for command in (["serve"], ["serve", "--migrate"], ["demo"]):
        done = platform.manage(*command)
        assert done.returncode == 1
        assert "manage.py doctor" in done.stderr
        assert "Traceback" not in done.stderr
