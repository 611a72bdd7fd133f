"""Examples on disk after a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from distillation.datasets import pictures
from distillation.datasets.pictures import Unreadable
from distillation.engine import run
from distillation.engine.context import Context
from distillation.engine.examples import writing
from distillation.engine.examples.classified import ClassifiedGallery
from distillation.engine.stopping import Stopped
from distillation.tests.engine.coloured import (
    SIZE,
    context_of,
    performed,
    result_of,
    short_run,
    write_boxes,
    write_masks,
    write_waves,
)
from distillation.tests.engine.samples import sha256, write_dataset

SPEC = short_run("classification", "cnn-tiny", 8, epochs=1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with small data for classification."""
    torch.set_num_threads(1)
    write_dataset(tmp_path / "datasets" / "classification")
    return tmp_path


def index_of(context: Context) -> dict[str, Any]:
    """The index, after a look at every file that it names."""
    folder = context.run_dir.artifacts / writing.FOLDER
    index: dict[str, Any] = json.loads((folder / writing.INDEX).read_text())
    assert {path.name for path in folder.iterdir()} == {writing.INDEX, *(entry["file"] for entry in index["examples"])}
    for entry in index["examples"]:
        assert Image.open(folder / entry["file"]).format == "JPEG"
        assert entry["sha256"] == sha256(folder / entry["file"])
    return index


def test_examples_name_their_sources_truth_and_prediction(home: Path):
    context = performed(home, SPEC, "run")
    examples = index_of(context)["examples"]
    assert len(examples) == 16
    for entry in examples:
        assert entry["source"].split("/")[:2] == ["val", entry["truth"]["class"]]
        assert entry["right"] == (entry["truth"] == {"class": entry["prediction"]["class"]})
    wrong = sum(not entry["right"] for entry in examples)
    assert result_of(context)["evaluation"]["examples"] == {
        "folder": "artifacts/pictures/examples", "count": 16, "wrong": wrong,
    }  # fmt: skip
    assert wrong >= 8


def test_a_run_stopped_while_it_draws_ends_with_the_same_examples(home: Path, monkeypatch: pytest.MonkeyPatch):
    whole, stopped = performed(home, SPEC, "whole"), context_of(home, SPEC, "stopped")
    plain, drawn = ClassifiedGallery.example, []

    def stopping(*arguments: Any) -> Any:
        drawn.append(1)
        stopped.stop.requested = len(drawn) == 3
        return plain(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(ClassifiedGallery, "example", stopping)
        with pytest.raises(Stopped):
            run.perform(stopped, 1)
    again = context_of(home, SPEC, "stopped", 2)
    (again.run_dir.artifacts / writing.FOLDER / "99.jpg").write_bytes(b"of an interrupted attempt")
    run.perform(again, 2)
    assert index_of(whole) == index_of(again)


def test_a_picture_that_vanished_is_left_out(home: Path, monkeypatch: pytest.MonkeyPatch):
    plain = pictures.open_picture

    def missing(path: Path, channels: int) -> Any:
        if path.name == "000.png" and channels == 3:
            raise pictures.unreadable(path, FileNotFoundError())
        return plain(path, channels)

    monkeypatch.setattr(pictures, "open_picture", missing)
    with pytest.raises(Unreadable):
        pictures.open_picture(Path("000.png"), 3)
    examples = index_of(performed(home, SPEC, "run"))["examples"]
    assert 13 <= len(examples) < 16
    assert not any(entry["source"].endswith("000.png") for entry in examples)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task_type", "arch", "make"), [("detection", "yolov8n", write_boxes), ("segmentation", "unet-small", write_masks)]
)
def test_dense_tasks_show_their_pictures(home: Path, task_type: Any, arch: str, make: Any):
    make(home / "datasets" / task_type)
    context = performed(home, short_run(task_type, arch, SIZE, epochs=1), "run")
    assert len(index_of(context)["examples"]) == 4


def test_sequences_have_nothing_to_show(home: Path):
    write_waves(home / "datasets" / "sequence")
    context = performed(home, short_run("sequence", "lstm-small", 0, epochs=1), "run")
    assert result_of(context)["evaluation"]["examples"] is None
    assert not (context.run_dir.artifacts / "pictures").exists()
