"""What people read of a run names files relative to the home, whatever a library wrote into its error."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from distillation.contract import exit_codes
from distillation.contract.sentence import Sentence
from distillation.contract.spec import RunSpec, TeacherSpec
from distillation.engine import border, run
from distillation.engine.events import EventWriter
from distillation.tests.engine.samples import events_of, write_run


def end(home: Path, spec: RunSpec) -> tuple[int, str]:
    run_dir = write_run(home, spec)
    code = border.run(run_dir.root, home, 1, watch_stdin=False)
    assert str(home) not in run_dir.events(1).read_text()
    return code, Sentence.from_json(events_of(run_dir)[-1]["sentence"]).english()


def damage_config(folder: Path) -> None:
    (folder / "config.json").write_text("{}")


def damage_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"broken")


def remove_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


@pytest.mark.parametrize("damage", [damage_config, damage_weights, remove_weights])
def test_a_damaged_teacher_is_named_by_its_place_in_the_home(home, spec, damage: Callable[[Path], None]):
    spec = replace(spec, teacher=TeacherSpec("task", "teacher", "models/teacher"))
    damage(home / "models" / "teacher")
    code, sentence = end(home, spec)
    assert code == exit_codes.FAILED
    assert "models/teacher" in sentence


def test_a_damaged_hugging_face_directory_is_named_by_its_place(home, spec):
    folder = home / "models" / "hub"
    folder.mkdir()
    labels = {"0": "bar", "1": "cross", "2": "dot"}
    (folder / "config.json").write_text(json.dumps({"model_type": "vit", "id2label": labels}))
    (folder / "preprocessor_config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"broken")
    code, sentence = end(home, replace(spec, teacher=TeacherSpec("huggingface", "hub", "models/hub")))
    assert code == exit_codes.FAILED
    assert "hub" in sentence


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, exit_codes.DISK_FULL), (errno.EIO, exit_codes.CRASHED)])
def test_errors_of_the_disk_name_the_file_relative_to_the_home(home, spec, monkeypatch, number, code):
    def fail(*arguments: object) -> None:
        raise OSError(number, "the disk says no", str(home / "runs" / "run" / "checkpoints"))

    monkeypatch.setattr(run, "perform", fail)
    found, sentence = end(home, spec)
    assert found == code
    assert "'runs/run/checkpoints'" in sentence


def test_a_home_behind_a_link_is_left_out_under_both_names(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    path = tmp_path / "events.jsonl"
    text = f"{tmp_path}/real/a and {tmp_path}/link/b"
    EventWriter(path, tmp_path / "link").emit("log", sentence={"params": {"error": text}, "list": [text]})
    event = json.loads(path.read_text())
    assert event["sentence"] == {"params": {"error": "a and b"}, "list": ["a and b"]}
