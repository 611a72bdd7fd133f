"""A real web process on a port of its own, killed and started again as a test wants."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from distillation.tests.clients.conftest import CLIENT
from distillation.tests.jobs.platform import PROJECT, Platform

PREPARE = """
import django; django.setup()
from django.contrib.auth.models import Group, User
from distillation.services.tokens import create_token
user = User.objects.create_user("alice", password="correct horse")
user.groups.add(Group.objects.get(name="R_ENGINEER"))
print(create_token(user, {"name": "tests", "scope": "write"})[1])
"""
REAP = """
import django; django.setup()
from distillation.jobs.reaper import reap
reap()
"""
TASK = {"taskName": "外部训练", "executor": "external", "trainingMode": "direct", "studentModel": "their-model",
        "totalEpochs": 500}  # fmt: skip
ROOT = "/model-distillation"


class Installation:
    """A home, its web process, and Alice, an engineer."""

    def __init__(self, home: Path) -> None:
        self.platform = Platform(home)
        self.platform.manage("migrate", "-v0")
        self.token = self.python(PREPARE).strip()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._web: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """As ``manage.py serve`` starts it; returns when it answers."""
        log = (self.platform.home / "web.log").open("ab")
        command = [sys.executable, "-m", "uvicorn", "distillation_site.asgi:application", "--port", str(self.port),
                   "--no-access-log", "--lifespan", "off"]  # fmt: skip
        self._web = subprocess.Popen(
            command, env=self.platform.environment, cwd=PROJECT, stdout=log, stderr=log, start_new_session=True
        )
        until = time.monotonic() + 60
        while True:
            try:
                self.call("GET", "/health/", root="")
            except OSError:
                assert time.monotonic() < until, (self.platform.home / "web.log").read_text()[-2000:]
                time.sleep(0.1)
            else:
                return

    def serves(self) -> bool:
        """Whether the web process lives."""
        return self._web is not None and self._web.poll() is None

    def kill(self) -> None:
        """As a power cut would."""
        if self._web is not None and self.serves():
            os.killpg(self._web.pid, signal.SIGKILL)
            self._web.wait()

    def call(self, method: str, path: str, body: Any = None, *, token: str = "", root: str = ROOT) -> tuple[int, Any]:
        """Status and the answer's data; as Alice unless a token is given."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {token or self.token}", "Content-Type": "application/json"}
        connection.request(method, root + path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        data = json.loads(answer.read()).get("data")
        connection.close()
        return answer.status, data

    def task(self, **settings: Any) -> tuple[str, str]:
        """A new external task and its token."""
        status, task = self.call("POST", "/tasks", {**TASK, **settings})
        assert status == 200, task
        status, token = self.call("POST", f"/tasks/{task['taskId']}/token", {"name": "训练机"})
        assert status == 200, token
        return task["taskId"], token["token"]

    def show(self, task: str) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"/tasks/{task}")[1]
        return found

    def epochs(self, task: str) -> list[int]:
        return [row["epoch"] for row in self.call("GET", f"/tasks/{task}/history")[1]]

    def script(
        self, task: str, token: str, body: str, buffer: Path, python: str = sys.executable
    ) -> subprocess.Popen[str]:
        """A training in a process of its own; ``run`` is begun."""
        head = (f"import os, signal, time\nfrom distillation_client import Run\n"
                f"run = Run({self.url!r}, task={task!r})\nrun.start()\n")  # fmt: skip
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CLIENT), "DISTILLATION_TOKEN": token,
                       "DISTILLATION_BUFFER_DIR": str(buffer)}  # fmt: skip
        return subprocess.Popen(
            [python, "-c", head + body], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def reap(self) -> None:
        """What a worker does every 5 s."""
        self.python(REAP)

    def python(self, code: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code], env=self.platform.environment, cwd=PROJECT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def silence(self, task: str) -> None:
        """Let the script's lease have ended a second ago."""
        self.python(
            "import django; django.setup()\n"
            "from datetime import timedelta\nfrom django.utils import timezone\n"
            "from distillation.models import TrainingTask\n"
            f"TrainingTask.objects.filter(task_id={task!r}).update(lease_until=timezone.now() - timedelta(seconds=1))"
        )
