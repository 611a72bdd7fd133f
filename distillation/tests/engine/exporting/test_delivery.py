"""What a run leaves in the model directory, and what its result says of every file."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from distillation.contract.sentence import Sentence
from distillation.engine import run
from distillation.engine.context import Context
from distillation.engine.exporting import delivery, deployed, graph, integers
from distillation.engine.exporting.session import Session
from distillation.engine.stopping import Stopped
from distillation.engine.teachers import onnx_card, onnx_graph
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
from distillation.tests.engine.samples import CLASSES, events_of, sha256, start_engine, write_dataset, write_run

SPEC = short_run("classification", "cnn-tiny", 8, epochs=6, learning_rate=1e-2)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with small data for classification."""
    torch.set_num_threads(1)
    write_dataset(tmp_path / "datasets" / "classification")
    return tmp_path


def files_of(context: Context) -> dict[str, dict[str, Any]]:
    """What the result says of each file."""
    return {entry["name"]: entry for entry in result_of(context)["evaluation"]["files"]}


def warnings_of(context: Context) -> list[str]:
    """The log's warnings in English."""
    logs = [event for event in events_of(context.run_dir) if event["kind"] == "log" and event["level"] == "warning"]
    return [Sentence.from_json(event["sentence"]).english() for event in logs]


def test_the_result_names_every_file_with_checksum_and_size(home: Path):
    context = performed(home, SPEC, "run")
    files = files_of(context)
    there = {path.name for path in context.run_dir.model.iterdir()}
    assert there == set(files) >= {"model.onnx", "model.int8.onnx", "label_picture.py"}
    for entry in files.values():
        path = context.run_dir.root / entry["path"]
        assert (entry["sha256"], entry["bytes"]) == (sha256(path), path.stat().st_size)
    assert files["model.onnx"]["difference"]["relative"] < 1e-5
    assert files["model.onnx"]["difference"]["samples"] == 18
    assert not (context.run_dir.root / "quantising.tmp").exists()


def test_the_integers_are_measured_on_the_held_out_samples(home: Path):
    context = performed(home, SPEC, "run")
    entry = files_of(context)["model.int8.onnx"]
    assert (entry["method"], entry["calibration_samples"]) == ("static", 24)
    session = Session(context.run_dir.model / "model.int8.onnx")
    right = []
    for number, name in enumerate(CLASSES):
        for path in sorted((home / "datasets/classification/val" / name).iterdir()):
            pixels = np.asarray(Image.open(path), np.float32)[None, None]
            right.append(int(session(pixels)[0].argmax()) == number)
    assert entry["accuracy"] == pytest.approx(100 * np.mean(right))
    assert entry["lost"] == pytest.approx(result_of(context)["evaluation"]["accuracy"] - entry["accuracy"])
    assert "warning" not in entry


def test_integers_that_lose_much_are_delivered_with_a_warning(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(delivery, "LARGEST_LOSS", -1.0)
    context = performed(home, SPEC, "run")
    entry = files_of(context)["model.int8.onnx"]
    assert entry["made"]
    warning = Sentence.from_json(entry["warning"]).english()
    assert "model.int8.onnx reaches" in warning
    assert warning in warnings_of(context)


def test_a_graph_that_answers_otherwise_is_not_delivered_and_the_run_completes(
    home: Path, monkeypatch: pytest.MonkeyPatch
):
    plain = deployed.of

    def shifted(network: nn.Module, config: dict[str, Any]) -> deployed.Deployed:
        model = plain(network, config)
        model.mean = model.mean + 20
        return model

    monkeypatch.setattr(deployed, "of", shifted)
    context = performed(home, SPEC, "run")
    files = files_of(context)
    assert "its answers differ from the model's by" in Sentence.from_json(files["model.onnx"]["reason"]).english()
    assert "model.onnx, which is missing" in Sentence.from_json(files["model.int8.onnx"]["reason"]).english()
    assert not list(context.run_dir.model.glob("*.onnx"))
    assert len(warnings_of(context)) == 3  # the script, too, has nothing to run
    assert result_of(context)["outcome"] == "completed"


def test_what_the_quantiser_cannot_do_is_said_and_the_rest_is_delivered(home: Path, monkeypatch: pytest.MonkeyPatch):
    def unable(*_arguments: Any) -> None:
        raise NotImplementedError("no such operator")

    monkeypatch.setattr(integers, "quantise", unable)
    files = files_of(performed(home, SPEC, "run"))
    assert not files["model.int8.onnx"]["made"]
    assert "NotImplementedError: no such operator" in Sentence.from_json(files["model.int8.onnx"]["reason"]).english()
    assert files["model.onnx"]["made"]


def test_a_full_disk_ends_the_attempt_and_the_next_one_delivers(home: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_graph: Any) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(graph, "as_bytes", full)
        with pytest.raises(OSError, match="No space left"):
            performed(home, SPEC, "run")
    again = context_of(home, SPEC, "run", 2)
    run.perform(again, 2)
    assert all(entry["made"] for entry in files_of(again).values())


def test_a_run_stopped_while_it_exports_ends_with_the_same_files(home: Path, monkeypatch: pytest.MonkeyPatch):
    whole = performed(home, SPEC, "whole")
    stopped = context_of(home, SPEC, "stopped")
    plain = integers.quantise

    def stopping(*arguments: Any) -> Any:
        stopped.stop.requested = True
        return plain(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(integers, "quantise", stopping)
        with pytest.raises(Stopped):
            run.perform(stopped, 1)
    assert not stopped.run_dir.result.exists()
    again = context_of(home, SPEC, "stopped", 2)
    run.perform(again, 2)
    assert deliveries(whole) == deliveries(again)


@pytest.mark.slow
def test_an_engine_killed_while_it_exports_ends_with_the_same_files(home: Path):
    spec = short_run("classification", "vit-tiny", 32, epochs=1)
    whole = performed(home, spec, "whole")
    killed = write_run(home, spec, "killed")
    engine = start_engine(killed, home)
    wait_until(lambda: any(event.get("phase") == "export" for event in events_of(killed)))
    wait_until(lambda: (killed.model / "model.onnx").exists())
    engine.kill()
    engine.wait()
    assert not killed.result.exists()
    again = context_of(home, spec, "killed", 2)
    run.perform(again, 2)
    assert deliveries(whole) == deliveries(again)
    assert not (again.run_dir.root / "quantising.tmp").exists()


def deliveries(context: Context) -> dict[str, str]:
    """Checksums of what does not hold times."""
    return {name: entry["sha256"] for name, entry in files_of(context).items() if name != "README.md"}


def wait_until(true: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_an_exported_classifier_states_what_a_teacher_must_state(home: Path):
    folder = performed(home, SPEC, "run").run_dir.model
    found = onnx_graph.read_graph(folder)
    stated = onnx_card.read_statements(folder, found.metadata)
    output = onnx_graph.only_output(folder, found, stated.get("output_name"))
    card = onnx_card.understand(folder, stated, found.shape, output.shape[-1])
    assert (card.classes, card.layout, card.width, card.resize) == (CLASSES, "NCHW", 8, "stretch")
    assert (card.mean, card.std, card.scale, card.output) == ((0.0,), (1.0,), 1.0, "logits")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task_type", "arch", "size", "make"),
    [
        ("detection", "yolov8n", SIZE, write_boxes),
        ("segmentation", "unet-small", SIZE, write_masks),
        ("sequence", "lstm-small", 0, write_waves),
    ],
)
def test_every_kind_of_task_delivers_its_graphs(home: Path, task_type: Any, arch: str, size: int, make: Any):
    make(home / "datasets" / task_type)
    files = files_of(performed(home, short_run(task_type, arch, size, epochs=1), "run"))
    assert files["model.onnx"]["difference"]["relative"] < 1e-4
    assert files["model.int8.onnx"]["bytes"] < 0.3 * files["model.onnx"]["bytes"]
    assert files["model.int8.onnx"]["method"] == ("dynamic" if task_type == "sequence" else "static")
    assert ("model.nms.onnx" in files) == (task_type == "detection")
    assert all(entry["made"] for entry in files.values())
    assert ("label_picture.py" in files) == (task_type != "sequence")
