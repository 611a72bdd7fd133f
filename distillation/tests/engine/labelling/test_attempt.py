"""How an engine that labels ends, and what it tells the worker on the way; and labelling by hand."""

from __future__ import annotations

import errno
import fcntl
import json
import signal
import sys
from pathlib import Path

import pytest

from distillation.contract import exit_codes
from distillation.contract.labelling import LABELLED, LabellingSpec
from distillation.contract.run_dir import RunDir
from distillation.contract.sentence import Sentence
from distillation.engine import __main__, border
from distillation.engine.by_hand import predicting
from distillation.engine.stopping import StopRequest
from distillation.tests.engine.labelling.samples import CLASSES, write_pictures, write_student
from distillation.tests.engine.samples import events_of


@pytest.fixture(autouse=True)
def keep_signals():
    """In-process engines install signal handlers."""
    handlers = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    yield
    for number, handler in handlers:
        signal.signal(number, handler)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_student(tmp_path / "model")
    write_pictures(tmp_path / "in")
    return tmp_path


def write_job(home: Path, **changes: object) -> RunDir:
    run_dir = RunDir(home / "inference" / "INF-1")
    run_dir.root.mkdir(parents=True, exist_ok=True)
    values = {"job_id": "INF-1", "model_path": "model", "model_sha256": "", "input_path": "in", "output_path": "out",
              "formats": ["labelme", "csv"], "threshold": 0.0, "batch_size": 2, **changes}  # fmt: skip
    run_dir.spec.write_text(LabellingSpec(**values).to_json())  # type: ignore[arg-type]
    return run_dir


def end(home: Path, run_dir: RunDir, attempt: int = 1) -> tuple[int, str]:
    """The exit code, and the sentence of the last event where it has one."""
    code = border.label(run_dir.root, home, attempt, watch_stdin=False)
    last = (events_of(run_dir, attempt) or [{}])[-1]
    return code, Sentence.from_json(last["sentence"]).english() if "sentence" in last else ""


def test_a_finished_job_ends_with_0_and_its_counts(home):
    run_dir = write_job(home)
    assert end(home, run_dir) == (exit_codes.COMPLETED, "")
    events = events_of(run_dir)
    assert (events[0]["kind"], events[-1]["outcome"]) == ("started", "completed")
    counts = [event for event in events if event["kind"] == LABELLED]
    assert (counts[0]["processed"], counts[-1]["processed"], counts[-1]["total"]) == (0, 10, 10)
    assert counts[-1]["failures"][0][0] == "短.jpg"
    assert json.loads(run_dir.result.read_text())["succeeded"] == 9


def test_a_second_engine_ends_at_once(home):
    run_dir = write_job(home)
    with run_dir.lock.open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert end(home, run_dir)[0] == exit_codes.LOCKED
    assert not (home / "out").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model_path": "nowhere"}, "There is no model directory nowhere"),
        ({"class_thresholds": [["鱼", 0.5]]}, "Thresholds name the classes 鱼"),
        ({"version": 9}, "cannot be read (9)"),
    ],
)
def test_what_cannot_be_done_is_said(home, changes, words):
    code, sentence = end(home, write_job(home, **changes))
    assert code == exit_codes.FAILED
    assert words in sentence
    assert str(home) not in sentence


def test_a_full_disk_is_said(home, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("distillation.datasets.writing.files.OutputFolder.write", full)
    code, sentence = end(home, write_job(home))
    assert (code, sentence[:38]) == (exit_codes.FAILED, "The disk of the output folder is full.")


def test_a_stopped_job_says_so_and_goes_on(home, monkeypatch):
    run_dir = write_job(home)
    monkeypatch.setattr(StopRequest, "listen", lambda self, *, watch_stdin: setattr(self, "requested", True))
    assert end(home, run_dir)[0] == exit_codes.STOPPED
    assert events_of(run_dir)[-1]["outcome"] == "stopped"
    monkeypatch.undo()
    assert end(home, run_dir, 2)[0] == exit_codes.COMPLETED
    assert 0 < json.loads(run_dir.result.read_text())["labelled_in_this_attempt"] < 10


def test_an_unforeseen_error_is_a_crash(home, monkeypatch):
    monkeypatch.setattr("distillation.engine.labelling.picture_files.listed", lambda _: 1 / 0)
    assert end(home, write_job(home))[0] == exit_codes.CRASHED


def test_by_hand_a_folder_is_labelled_and_the_same_command_has_nothing_left(home, monkeypatch, capsys):
    command = ["engine", "predict", str(home / "model"), str(home / "in"), "--threshold", "0", "--format", "csv"]
    for _ in range(2):
        monkeypatch.setattr(sys, "argv", command)
        assert __main__.main() == exit_codes.COMPLETED
        said = json.loads(capsys.readouterr().out)
        assert (said["succeeded"], said["failed"], said["out"]) == (9, 1, str(home / "in-labels"))
        assert "短.jpg" in said["failures"][0]
    result = json.loads((home / "in-labels" / predicting.JOB_FOLDER / "result.json").read_text())
    assert result["labelled_in_this_attempt"] == 0
    assert set(CLASSES) & set((home / "in-labels" / "labels.csv").read_text().replace(",", "\n").split("\n"))


@pytest.mark.parametrize("wrong", ["model", "in"])
def test_by_hand_a_folder_that_is_not_there_is_said(home, wrong, capsys):
    folders = {"model": home / "model", "in": home / "in", wrong: home / "nowhere"}
    code = predicting.predict(folders["model"], folders["in"], None, (), 0.5, 8)
    assert code == exit_codes.FAILED
    assert f"There is no folder {home / 'nowhere'}" in capsys.readouterr().err
