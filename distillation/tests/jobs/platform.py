"""A whole small installation for tests: its own home and SQLite file, real workers, real engines."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

PROJECT = Path(__file__).resolve().parents[3]

CREATE = """
import json, sys, django; django.setup()
from distillation.jobs import control
from distillation.services.tasks import create_task
task = create_task(json.loads(sys.argv[1]), "alice")
control.start(task, "alice")
print(task.task_id)
"""
VERB = """
import sys, django; django.setup()
from distillation.jobs import control
from distillation.models import TrainingTask
getattr(control, sys.argv[1])(TrainingTask.objects.get(task_id=sys.argv[2]), "alice")
"""

TEACHER = {
    "taskName": "teacher", "trainingMode": "direct", "teacherModel": "", "studentModel": "cnn-tiny", "imageSize": 8,
    "datasetId": "stripes", "epochs": 5, "batchSize": 16, "learningRate": 0.01,
}  # fmt: skip
STUDENT = {
    "taskName": "student", "studentModel": "cnn-tiny", "imageSize": 8, "datasetId": "stripes", "epochs": 30,
    "batchSize": 8, "learningRate": 0.003, "control": True, "temperature": 4, "alpha": 0.9,
}  # fmt: skip


class Platform:
    """A home with a database, and the processes that tests start in it."""

    def __init__(self, home: Path, url: str = "") -> None:
        self.home = home
        self.environment = os.environ | {
            "DISTILLATION_HOME": str(home),
            "DATABASE_URL": url,
            "DISTILLATION_CHECKPOINT_SECONDS": "0.3",
            "DISTILLATION_LEASE_SECONDS": "15",
            "DJANGO_SETTINGS_MODULE": "distillation_site.settings",
        }
        self._workers: list[subprocess.Popen[bytes]] = []

    def set_up(self) -> None:
        """Make the tables and a data set of four kinds of stripes."""
        self.manage("migrate", "-v0")
        write_stripes(self.home / "datasets" / "stripes")

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, env=self.environment, cwd=PROJECT, check=True, capture_output=True, text=True
        ).stdout

    def create(self, **request: Any) -> str:
        """Create and start a task; returns its id."""
        return self._python(CREATE, json.dumps(request)).strip()

    def verb(self, verb: str, task_id: str) -> None:
        """start, stop, pause, resume or delete, as REST and admin do it."""
        self._python(VERB, verb, task_id)

    def start_worker(self, *arguments: str) -> subprocess.Popen[bytes]:
        """On one core, so that each engine gets one thread: two that share a busy machine wait for each other."""
        log = (self.home / "worker.log").open("ab")
        worker = subprocess.Popen(
            ["taskset", "-c", _own_core(), sys.executable, "manage.py", "run_worker", *arguments],
            env=self.environment, cwd=PROJECT, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        self._workers.append(worker)
        return worker

    def task(self, task_id: str) -> dict[str, Any]:
        """The task's row."""
        with self._database() as connection:
            connection.row_factory = sqlite3.Row
            return dict(connection.execute("select * from md_training_task where task_id = ?", [task_id]).fetchone())

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self._database() as connection:
            return connection.execute(query, parameters).fetchall()

    def events(self, task_id: str) -> list[dict[str, Any]]:
        """All whole events of all attempts."""
        found = []
        for path in sorted((self.home / "runs" / task_id).glob("events-*.jsonl")):
            text = path.read_bytes()
            found += [json.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines()]
        return found

    def engine_pids(self, task_id: str) -> list[int]:
        return [event["pid"] for event in self.events(task_id) if event["kind"] == "started"]

    def weights(self, task_id: str) -> bytes:
        return (self.home / "runs" / task_id / "artifacts" / "model" / "model.safetensors").read_bytes()

    def wait(self, what: str, condition: Callable[[], object], seconds: float = 120.0) -> None:
        """Wait for the condition, or fail with the worker's log."""
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                log = (self.home / "worker.log").read_text()[-3000:]
                raise AssertionError(f"not within {seconds} s: {what}\n{log}")
            time.sleep(0.02)

    def shut_down(self) -> None:
        """End every worker; the engines follow."""
        for worker in self._workers:
            if worker.poll() is None:
                worker.terminate()
        for worker in self._workers:
            try:
                worker.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(worker.pid, signal.SIGKILL)

    def _database(self) -> contextlib.closing[sqlite3.Connection]:
        return contextlib.closing(sqlite3.connect(self.home / "db.sqlite3", timeout=30))

    def _python(self, code: str, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], env=self.environment, cwd=PROJECT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def _own_core() -> str:
    """A core that the other processes of a parallel test run leave alone."""
    cores = sorted(os.sched_getaffinity(0))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return str(cores[number % len(cores)])


def alive(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def write_stripes(root: Path) -> None:
    """Noisy stripes in four directions: 20 labelled and 80 unlabelled of each kind, 20 held out."""
    generator = np.random.default_rng(7)
    for split, count in (("train", 20), ("unlabeled", 80), ("val", 20)):
        for kind in range(4):
            folder = root / split if split == "unlabeled" else root / split / f"kind{kind}"
            folder.mkdir(parents=True, exist_ok=True)
            for index in range(count):
                Image.fromarray(_stripe(kind, generator)).save(folder / f"{kind}-{index}.png")


def _stripe(kind: int, generator: np.random.Generator) -> np.ndarray:
    x, y = np.meshgrid(np.arange(8), np.arange(8))
    wave = (x, y, x + y, x - y)[kind] + generator.integers(0, 4)
    pixels = 128 + 80 * np.sign(np.sin(wave * np.pi / 2 + 0.4)) + generator.normal(0, 60, (8, 8))
    return np.clip(pixels, 0, 255).astype(np.uint8)
