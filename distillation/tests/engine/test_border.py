"""How an engine process ends: exit codes, last events, and what the worker's death does."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from distillation.contract import exit_codes
from distillation.contract.run_dir import RunDir
from distillation.contract.sentence import Sentence
from distillation.contract.spec import RunSpec
from distillation.engine import border, failures
from distillation.engine.stopping import StopRequest
from distillation.tests.engine.samples import direct, events_of, sha256, start_engine, write_run


@pytest.fixture
def keep_signals():
    """In-process runs of the border install signal handlers."""
    handlers = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    yield
    for number, handler in handlers:
        signal.signal(number, handler)


def end(home: Path, run_dir: RunDir, attempt: int = 1) -> tuple[int, str]:
    """The exit code, and the sentence of the last event where it has one."""
    code = border.run(run_dir.root, home, attempt, watch_stdin=False)
    last = (events_of(run_dir, attempt) or [{}])[-1]
    return code, Sentence.from_json(last["sentence"]).english() if "sentence" in last else ""


@pytest.mark.usefixtures("keep_signals")
def test_a_complete_run_ends_with_0(home: Path, spec: RunSpec):
    run_dir = write_run(home, direct(spec))
    assert end(home, run_dir) == (exit_codes.COMPLETED, "")
    assert events_of(run_dir)[-1]["outcome"] == "completed"


@pytest.mark.usefixtures("keep_signals")
def test_a_second_engine_ends_at_once_and_writes_nothing(home: Path, spec: RunSpec):
    run_dir = write_run(home, direct(spec))
    with run_dir.lock.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert end(home, run_dir)[0] == exit_codes.LOCKED
    assert not run_dir.events(1).exists()


@pytest.mark.usefixtures("keep_signals")
@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda home, run_dir: run_dir.spec.unlink(), "no readable spec.json"),
        (lambda home, run_dir: run_dir.spec.write_text("{"), "spec.json cannot be read"),
        (lambda home, run_dir: (home / "datasets/shapes").rename(home / "datasets/other"), "found there: other"),
        (lambda home, run_dir: (home / "models/teacher").rename(home / "gone"), "no model directory models/teacher"),
    ],
)
def test_an_expected_failure_ends_with_10_and_a_sentence(home: Path, spec: RunSpec, break_it, words: str):
    run_dir = write_run(home, spec)
    break_it(home, run_dir)
    code, sentence = end(home, run_dir)
    assert code == exit_codes.FAILED
    assert words in sentence
    assert events_of(run_dir)[-1]["kind"] == "failed"


@pytest.mark.usefixtures("keep_signals")
def test_a_full_disk_ends_with_12_even_when_no_event_can_be_written(home: Path, spec: RunSpec):
    run_dir = write_run(home, direct(spec))
    run_dir.events(1).symlink_to("/dev/full")
    assert border.run(run_dir.root, home, 1, watch_stdin=False) == exit_codes.DISK_FULL


@pytest.mark.usefixtures("keep_signals")
def test_a_disk_that_is_full_for_checkpoints_ends_with_12_and_a_sentence(home: Path, spec: RunSpec):
    run_dir = write_run(home, direct(spec))
    folder = run_dir.checkpoints / "student"
    folder.mkdir(parents=True)
    (folder / ".last-00000003.pt.tmp").symlink_to("/dev/full")
    code, sentence = end(home, run_dir)
    assert code == exit_codes.DISK_FULL
    assert "is full" in sentence


@pytest.mark.usefixtures("keep_signals")
def test_what_nobody_foresaw_ends_with_1_and_names_the_error(home: Path, spec: RunSpec, capsys):
    code, sentence = end(home, write_run(home, replace(spec, threads=0)))
    assert code == exit_codes.CRASHED
    assert "RuntimeError" in sentence
    assert "positive integer" in sentence
    assert "Traceback" in capsys.readouterr().err


def test_lack_of_memory_names_batch_and_image_size(home: Path, spec: RunSpec):
    code, sentence = failures.explain(MemoryError(), spec)
    assert code == exit_codes.FAILED
    assert "batch size (now 8) or image size (now 8 pixels)" in sentence.english()


def test_the_end_of_standard_input_is_a_stop_request(monkeypatch: pytest.MonkeyPatch):
    reader, writer = os.pipe()
    monkeypatch.setattr("distillation.engine.stopping.GRACE_SECONDS", 0.0)
    saved = os.dup(0)
    handlers = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    try:
        os.dup2(reader, 0)
        stop = StopRequest()
        stop.listen(watch_stdin=True)
        time.sleep(0.05)
        assert not stop.requested
        os.close(writer)
        deadline = time.monotonic() + 5
        while not stop.requested and time.monotonic() < deadline:
            time.sleep(0.01)
        assert stop.requested
    finally:
        os.dup2(saved, 0)
        for number, handler in handlers:
            signal.signal(number, handler)


def started(run_dir: RunDir, process: subprocess.Popen[bytes], kind: str, attempt: int = 1) -> None:
    deadline = time.monotonic() + 120
    while not any(event["kind"] == kind for event in events_of(run_dir, attempt)):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)


def long(spec: RunSpec) -> RunSpec:
    return direct(replace(spec, train=replace(spec.train, epochs=400), checkpoint_seconds=1000))


@pytest.mark.slow
def test_sigterm_ends_with_20_and_a_checkpoint_to_go_on_from(home: Path, spec: RunSpec):
    whole = write_run(home, long(spec), "whole")
    assert start_engine(whole, home).wait() == exit_codes.COMPLETED
    run_dir = write_run(home, long(spec))
    process = start_engine(run_dir, home)
    started(run_dir, process, "epoch")
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == exit_codes.STOPPED
    checkpoint, finished = events_of(run_dir)[-2:]
    assert (checkpoint["kind"], finished["kind"], finished["outcome"]) == ("checkpoint", "finished", "stopped")
    assert start_engine(run_dir, home, 2).wait() == exit_codes.COMPLETED
    assert events_of(run_dir, 2)[0]["resumed_step"] == checkpoint["step"]
    assert sha256(run_dir.model / "model.safetensors") == sha256(whole.model / "model.safetensors")


@pytest.mark.slow
def test_an_engine_whose_worker_died_stops_with_a_checkpoint(home: Path, spec: RunSpec):
    run_dir = write_run(home, long(spec))
    process = start_engine(run_dir, home)
    started(run_dir, process, "epoch")
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(30) == exit_codes.STOPPED
    assert events_of(run_dir)[-1]["outcome"] == "stopped"


@pytest.mark.slow
def test_an_engine_that_cannot_stop_kills_its_own_group_after_the_grace(home: Path, spec: RunSpec):
    code = (
        "import subprocess, sys, time\n"
        "from distillation.engine.stopping import StopRequest\n"
        "StopRequest().listen(watch_stdin=True)\n"
        "child = subprocess.Popen(['sleep', '300'])\n"
        "print(child.pid, flush=True)\n"
        "while True: time.sleep(1)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.stdin.close()
    assert process.wait(30) == -signal.SIGKILL
    time.sleep(0.2)
    status = Path(f"/proc/{child}/stat")
    assert not status.exists() or status.read_text().split()[2] == "Z"
