"""The engine at a terminal: run a spec, look at one before it runs, describe what there is."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from distillation.contract import exit_codes
from distillation.contract.spec import RunSpec, TeacherSpec
from distillation.contract.students import STUDENTS
from distillation.engine import __main__
from distillation.tests.engine.samples import PROJECT


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Call the engine with arguments; exit code, standard output and standard error."""

    def call(*arguments: Any) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["engine", *map(str, arguments)])
        code = __main__.main()
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def spec_file(home: Path, spec: RunSpec) -> Path:
    """A spec beside the data it names."""
    path = home / "shapes.json"
    path.write_text(replace(spec, train=replace(spec.train, epochs=2, more_seeds=(7,))).to_json())
    return path


def test_a_spec_is_run_and_the_same_command_finds_it_done(engine, home: Path, spec_file: Path):
    code, out, said = engine("run", spec_file)
    assert code == exit_codes.COMPLETED
    result = json.loads((home / "shapes" / "result.json").read_text())
    shown = json.loads(out)
    assert shown["accuracy"] == result["evaluation"]["accuracy"]
    assert shown["control"] == result["evaluation"]["control"]["accuracy"]
    assert [run["seed"] for run in shown["seeds"]["runs"]] == [0, 7]
    assert Path(shown["model"]).is_file()
    assert "student epoch 2:" in said
    assert "control2 epoch 2:" in said
    assert "control epoch 2:" in said
    code, again, said = engine("run", spec_file)
    assert (code, json.loads(again)["accuracy"]) == (exit_codes.COMPLETED, shown["accuracy"])
    assert "epoch" not in said
    assert len(list((home / "shapes").glob("events-*.jsonl"))) == 2


def test_a_folder_keeps_the_run_of_one_spec(engine, home: Path, spec: RunSpec, spec_file: Path):
    (home / "shapes").mkdir()
    (home / "shapes" / "spec.json").write_text(spec.to_json())
    code, _, said = engine("run", spec_file)
    assert code == exit_codes.FAILED
    assert "holds the run of another spec" in said
    assert engine("run", spec_file, "--out", home / "elsewhere")[0] == exit_codes.COMPLETED


def test_what_stands_in_the_way_of_a_run_is_said(engine, spec: RunSpec, spec_file: Path):
    teacher = TeacherSpec("task", "nobody", "models/nobody")
    spec_file.write_text(replace(spec, teacher=teacher).to_json())
    code, _, said = engine("run", spec_file)
    assert code == exit_codes.FAILED
    assert "has no model directory models/nobody" in said


def test_a_directory_needs_what_a_worker_knows(engine, home: Path):
    with pytest.raises(SystemExit):
        engine("run", home)


def test_a_spec_is_checked_without_training(engine, home: Path, spec: RunSpec, spec_file: Path):
    code, out, _ = engine("check", spec_file)
    found = json.loads(out)
    assert code == exit_codes.COMPLETED
    assert found["samples"] == {"train": 24, "unlabeled": 24, "val": 18}
    assert found["steps_per_epoch"] == 6
    assert (found["teacher"]["kind"], found["student"]["arch"]) == ("task", "cnn-tiny")
    assert not (home / "shapes").exists()
    spec_file.write_text(replace(spec, data=replace(spec.data, path="datasets/none")).to_json())
    code, _, said = engine("check", spec_file)
    assert code == exit_codes.FAILED
    assert "none" in said


def test_a_model_is_checked_by_an_answer(engine, home: Path):
    code, out, _ = engine("check", home / "models" / "teacher")
    found = json.loads(out)
    assert code == exit_codes.COMPLETED
    assert len(found["sha256"]) == 64
    assert found["classes"]
    (home / "models" / "teacher" / "model.safetensors").write_bytes(b"torn")
    code, _, said = engine("check", home / "models" / "teacher")
    assert code == exit_codes.FAILED
    assert "cannot be loaded" in said


def test_what_there_is_can_be_described_and_the_example_is_a_spec(engine):
    described = json.loads(engine("describe")[1])
    assert {student["name"] for student in described["students"]} == set(STUDENTS)
    assert "lrScheduler" in described["choices"]
    assert RunSpec.from_json(engine("describe", "spec")[1]).control


def test_a_reader_that_has_enough_ends_the_description_without_a_word():
    command = [sys.executable, "-m", "distillation.engine", "describe"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, said = process.communicate()
    assert (process.returncode, said) == (exit_codes.COMPLETED, b"")
