"""A web server of its own, in a process of its own, with a home and a SQLite file that are filled once and copied."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from distillation.tests.jobs.platform import PROJECT, write_stripes

START_SECONDS = 60
FILL = """
import json, django; django.setup()
from distillation.tests.schemathesis.rows import fill
print(json.dumps(fill()))
"""
NO_LIMITS = {f"DISTILLATION_THROTTLE_{scope}": "off" for scope in ("ANONYMOUS", "USER", "WRITE", "LOGIN")}


def prepare(home: Path, url: str = "") -> dict[str, str]:
    """Fill the home, and the database at the URL instead of SQLite; returns a token for each role."""
    _run(home, url, "manage.py", "migrate", "-v0")
    write_stripes(home / "datasets" / "stripes")
    return dict(json.loads(_run(home, url, "-c", FILL)))


class Server:
    """Serves a copy of a prepared home until the block ends."""

    def __init__(self, prepared: Path, home: Path, **environment: str) -> None:
        shutil.copytree(prepared, home)
        self.home, self._environment = home, _environment(home) | environment
        self.log = home / "server.log"

    def __enter__(self) -> str:
        """The server's address, once it answers."""
        port = _free_port()
        command = ["uvicorn", "distillation_site.asgi:application", "--port", str(port), "--log-level", "warning"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen([sys.executable, "-m", *command], cwd=PROJECT, env=self._environment,
                                             stdout=log, stderr=log)  # fmt: skip
        address = f"http://127.0.0.1:{port}"
        until = time.monotonic() + START_SECONDS
        while not _answers(f"{address}/health/"):
            if self._process.poll() is not None or time.monotonic() > until:
                self.__exit__()
                raise AssertionError(f"the server does not answer:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.1)
        return address

    def __exit__(self, *_unused: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _environment(home: Path) -> dict[str, str]:
    return os.environ | NO_LIMITS | {
        "DISTILLATION_HOME": str(home),
        "DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "distillation_site.settings",
        "DISTILLATION_ACCESS_MINUTES": "600",
    }  # fmt: skip


def _run(home: Path, url: str, *arguments: str) -> str:
    environment = _environment(home) | {"DATABASE_URL": url}
    done = subprocess.run([sys.executable, *arguments], cwd=PROJECT, env=environment, capture_output=True,
                          text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own address
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
