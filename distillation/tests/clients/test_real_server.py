"""The client against a real web process: kills on both sides, stops, silence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from distillation_client import Run, sender
from distillation_client.__main__ import main

from distillation.tests.clients.conftest import CLIENT, journals, until
from distillation.tests.clients.installation import Installation

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def web_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    there = Installation(tmp_path_factory.mktemp("outside"))
    yield there
    there.kill()


@pytest.fixture
def installation(web_home: Installation) -> Installation:
    """With a web process, whatever the test before did to it."""
    if not web_home.serves():
        web_home.start()
    return web_home


def test_the_example_trains_and_its_task_is_completed(installation, buffer, tmp_path):
    task, token = installation.task(totalEpochs=10)
    environment = {
        **os.environ, "DISTILLATION_SERVER": installation.url, "DISTILLATION_TASK": task, "DISTILLATION_TOKEN": token,
        "DISTILLATION_BUFFER_DIR": str(buffer),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(CLIENT / "example.py")], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    shown = installation.show(task)
    assert (shown["status"], shown["progress"], shown["currentEpoch"]) == ("COMPLETED", 100, 10)
    assert shown["accuracy"] > 85
    assert shown["modelPath"] == str(tmp_path / "logistic-regression.json")
    assert installation.epochs(task) == list(range(1, 11))
    (evaluation,) = installation.call("GET", f"/tasks/{task}/evaluations")[1]
    assert (evaluation["evalSampleCount"], evaluation["evalDatasetName"]) == (500, "held-out points")
    curves = {curve["name"]: curve for curve in installation.call("GET", f"/tasks/{task}/metrics")[1]["series"]}
    assert set(curves) == {"loss", "learningRate"}
    assert len(curves["loss"]["steps"]) == 400
    moves = installation.call("GET", f"/tasks/{task}/transitions")[1]
    assert [(move["toStatus"], move["actor"]) for move in moves] == [
        ("QUEUED", "alice"), ("RUNNING", "alice"), ("COMPLETED", "alice"),
    ]  # fmt: skip


def wait_for_epoch(installation: Installation, task: str, epoch: int) -> None:
    until(lambda: installation.show(task)["currentEpoch"] >= epoch, 60)


def test_a_server_killed_in_mid_training_loses_nothing(installation, buffer, tmp_path):
    task, token = installation.task(totalEpochs=10_000)
    enough = tmp_path / "enough"
    script = installation.script(task, token, f"""
epoch = 0
while not os.path.exists({str(enough)!r}):
    epoch += 1
    run.log({{"loss": 1 / epoch}}, step=epoch)
    run.epoch(epoch, train_loss=1 / epoch, val_accuracy=min(epoch, 50))
    time.sleep(0.03)
run.evaluation(f1_score=77)
run.close()
print(epoch)
""", buffer)  # fmt: skip
    for _ in range(2):
        wait_for_epoch(installation, task, installation.show(task)["currentEpoch"] + 20)
        installation.kill()
        time.sleep(1.5)
        installation.start()
        assert script.poll() is None
    enough.touch()
    out, errors = script.communicate(timeout=120)
    assert script.returncode == 0, errors
    last = int(out)
    assert last > 60
    shown = installation.show(task)
    assert (shown["status"], shown["currentEpoch"], shown["bestAccuracy"]) == ("COMPLETED", last, 50.0), errors
    assert installation.epochs(task) == list(range(1, last + 1))
    assert len(installation.call("GET", f"/tasks/{task}/evaluations")[1]) == 1
    (curve,) = installation.call("GET", f"/tasks/{task}/metrics?maxPoints=5000")[1]["series"]
    assert curve["steps"] == list(range(1, last + 1))
    assert not journals(buffer)


def test_a_training_killed_while_the_server_is_away_is_flushed_later(installation, buffer, monkeypatch):
    task, token = installation.task()
    script = installation.script(task, token, """
run.epoch(1, val_accuracy=50)
while run.pending: time.sleep(0.01)
print("sent", flush=True)
while not run.problem:
    run.epoch(2, val_accuracy=60)
    time.sleep(0.05)
run.epoch(3, val_accuracy=55)
run.model("/models/last.pt")
os.kill(os.getpid(), signal.SIGKILL)
""", buffer)  # fmt: skip
    assert script.stdout is not None
    assert script.stdout.readline().strip() == "sent"
    installation.kill()
    assert script.wait(60) == -9
    installation.start()
    assert 3 not in installation.epochs(task)
    monkeypatch.setenv("DISTILLATION_TOKEN", token)
    assert main(["flush", str(buffer)]) == 0
    shown = installation.show(task)
    assert (shown["status"], shown["currentEpoch"], shown["bestAccuracy"]) == ("RUNNING", 3, 60.0)
    assert shown["modelPath"] == "/models/last.pt"
    assert installation.epochs(task) == [1, 2, 3]


def test_a_whole_run_without_a_server_arrives_afterwards(installation, buffer, monkeypatch):
    task, token = installation.task()
    installation.kill()
    with Run(installation.url, task=task, token=token, buffer_dir=buffer, exit_seconds=0.3) as run:
        run.epoch(1)
    installation.start()
    monkeypatch.setenv("DISTILLATION_TOKEN", token)
    assert main(["flush", str(buffer)]) == 0
    assert (installation.show(task)["status"], installation.epochs(task)) == ("COMPLETED", [1])


def test_a_stop_at_the_console_reaches_the_script(installation, buffer):
    task, token = installation.task()
    with Run(installation.url, task=task, token=token, buffer_dir=buffer) as run:
        run.epoch(1)
        until(lambda: installation.epochs(task) == [1])
        assert installation.call("POST", f"/tasks/{task}/stop")[0] == 200
        run.epoch(2)
        until(lambda: run.stop_requested)
    assert installation.show(task)["status"] == "STOPPED"
    assert installation.epochs(task) == [1, 2]


def test_a_deletion_reaches_the_script(installation, buffer):
    task, token = installation.task()
    with Run(installation.url, task=task, token=token, buffer_dir=buffer) as run:
        run.epoch(1)
        until(lambda: installation.epochs(task) == [1])
        assert installation.call("DELETE", f"/tasks/{task}")[0] == 200
        run.epoch(2)
        until(lambda: run.stop_requested)


@pytest.mark.parametrize("kind", ["wrong", "of another task", "revoked"])
def test_a_wrong_token_ends_the_reports_not_the_training(installation, buffer, kind):
    task, token = installation.task()
    if kind == "wrong":
        token = "prefix12.nothing"
    elif kind == "of another task":
        token = installation.task()[1]
    else:
        assert installation.call("DELETE", f"/tokens/{token.split('.')[0]}", root="/auth")[0] == 200
    with Run(installation.url, task=task, token=token, buffer_dir=buffer) as run:
        run.epoch(1)
        until(lambda: run.problem)
    assert installation.show(task)["status"] == "PENDING"
    assert len(journals(buffer)) == 1


def test_silence_is_noticed_and_the_next_sign_of_life_ends_it(installation, buffer, monkeypatch):
    monkeypatch.setattr(sender, "SILENCE_SECONDS", 3600)
    task, token = installation.task()
    with Run(installation.url, task=task, token=token, buffer_dir=buffer) as run:
        run.epoch(1)
        until(lambda: run.pending == 0)
        installation.silence(task)
        installation.reap()
        shown = installation.show(task)
        assert (shown["status"], shown["lostContact"]) == ("RUNNING", True)
        monkeypatch.setattr(sender, "SILENCE_SECONDS", 0.2)
        until(lambda: not installation.show(task)["lostContact"])
    assert installation.show(task)["status"] == "COMPLETED"


def test_two_runs_at_once(installation, buffer):
    runs = [(*installation.task(), range(first, 100, 2)) for first in (1, 2)]
    scripts = [
        installation.script(task, token, f"for epoch in {numbers!r}: run.epoch(epoch)\nrun.close()", buffer)
        for task, token, numbers in runs
    ]
    for script in scripts:
        assert script.wait(60) == 0, script.communicate()[1]
    for task, _, numbers in runs:
        assert (installation.show(task)["status"], installation.epochs(task)) == ("COMPLETED", list(numbers))
    assert not journals(buffer)


def test_an_exception_is_the_error_of_the_task(installation, buffer):
    task, token = installation.task()
    with pytest.raises(ValueError, match="显存"), Run(installation.url, task=task, token=token, buffer_dir=buffer):
        raise ValueError("显存不足")
    shown = installation.show(task)
    assert (shown["status"], shown["errorMessage"]) == ("FAILED", "ValueError: 显存不足")


def older_pythons() -> list[str]:
    return sorted(map(str, Path.home().glob(".pyenv/versions/3.[89].*/bin/python")))[:1]


@pytest.mark.skipif(not older_pythons(), reason="NO OLDER PYTHON: the client was tried with this one only")
def test_an_old_python_reports_too(installation, buffer):
    task, token = installation.task()
    script = installation.script(
        task, token, "run.epoch(1, metrics={'lr': 1})\nrun.close()", buffer, older_pythons()[0]
    )
    out, err = script.communicate(timeout=60)
    assert (script.returncode, out, err) == (0, "", "")
    assert json.dumps(installation.epochs(task)) == "[1]"
