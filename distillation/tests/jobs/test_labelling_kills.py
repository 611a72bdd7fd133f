"""A finished task labels a folder with real processes; worker and engine are killed in the middle, twice."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from distillation.datasets import recognition
from distillation.tests.datasets.annotated import SIDEWAYS, picture
from distillation.tests.jobs.platform import TEACHER, Platform

pytestmark = pytest.mark.slow

COUNT = 1500
SUBMIT = """
import json, sys, django; django.setup()
from django.contrib.auth.models import Group, User
from distillation.contract import labelling_request
from distillation.models import TrainingTask
from distillation.selectors import rights_of
from distillation.services import inference
alice, _ = User.objects.get_or_create(username="alice")
alice.groups.add(Group.objects.get(name="R_ENGINEER"))
task = TrainingTask.objects.get(task_id=sys.argv[1])
print(inference.submit(task, labelling_request.parse(json.loads(sys.argv[2])), rights_of("alice")).inference_id)
"""


@pytest.fixture
def platform(tmp_path: Path):
    there = Platform(tmp_path / "home")
    there.set_up()
    yield there
    there.shut_down()


def write_pictures(root: Path) -> None:
    folder = root / "产线 1"
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for number in range(COUNT - 2):
        Image.fromarray(generator.integers(0, 256, (32, 24), dtype=np.uint8)).save(folder / f"零件{number}.png")
    picture(root / "rot.jpg", orientation=SIDEWAYS)
    whole = picture(root / "短.jpg").read_bytes()
    (root / "短.jpg").write_bytes(whole[: len(whole) // 2])


def row_of(platform: Platform, job: str) -> dict[str, Any]:
    with sqlite3.connect(platform.home / "db.sqlite3", timeout=30) as connection:
        connection.row_factory = sqlite3.Row
        return dict(connection.execute("select * from md_inference_job where inference_id = ?", [job]).fetchone())


def engine_pid(platform: Platform, job: str, attempt: int) -> int:
    lines = (platform.home / "inference" / job / f"events-{attempt}.jsonl").read_bytes().splitlines()
    return next(event["pid"] for event in map(json.loads, lines) if event["kind"] == "started")


def test_a_job_survives_the_death_of_engine_and_worker_and_its_labels_are_a_data_set(platform):
    task = platform.create(**TEACHER)
    platform.start_worker("--once").wait(timeout=120)
    assert platform.task(task)["status"] == "COMPLETED", platform.task(task)["error_message"]
    write_pictures(platform.home / "uploads")
    request = {"taskId": task, "inputDir": "uploads", "outputDir": "datasets/labelled", "batchSize": 1, "threshold": 0}
    job = platform._python(SUBMIT, task, json.dumps(request)).strip()

    def done() -> int:
        return row_of(platform, job)["processed_images"]

    worker = platform.start_worker()
    platform.wait("the first pictures", lambda: done() > 0)
    os.kill(engine_pid(platform, job, 1), signal.SIGKILL)
    platform.wait("a second attempt", lambda: row_of(platform, job)["attempt"] == 2)
    before = done()
    assert 0 < before < COUNT
    platform.wait("more pictures", lambda: done() > before)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    interrupted = done()
    assert interrupted < COUNT, "too fast to be interrupted"
    assert row_of(platform, job)["status"] == "RUNNING"
    platform.start_worker()
    platform.wait("the end", lambda: row_of(platform, job)["status"] in ("COMPLETED", "FAILED"))

    row = row_of(platform, job)
    assert row["status"] == "COMPLETED", row["error_message"]
    counts = {name: row[f"{name}_count"] for name in ("success", "failure", "empty", "object")}
    assert counts == {"success": COUNT - 1, "failure": 1, "empty": 0, "object": COUNT - 1}
    assert (row["total_images"], row["processed_images"], row["attempt"]) == (COUNT, COUNT, 3)
    assert "短.jpg" in row["failures"]
    result = json.loads((platform.home / "inference" / job / "result.json").read_text())
    assert result["labelled_in_this_attempt"] < COUNT - before
    assert (row["imported_dataset"], row["import_note"]) == ("labelled", None)
    data = recognition.read_pictures(platform.home / "datasets" / "labelled", None, "classification")
    assert len(data.train) + len(data.val) == COUNT - 1
    assert set(data.classes) <= {f"kind{number}" for number in range(4)}
