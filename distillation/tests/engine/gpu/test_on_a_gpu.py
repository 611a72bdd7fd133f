"""What needs CUDA: runs, labelling, a kill, two GPUs that share each batch. Without a GPU see ``make test-gpu``."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from distillation.contract import exit_codes
from distillation.contract.run_dir import RunDir
from distillation.contract.spec import LossSpec, RunSpec
from distillation.engine import export, run
from distillation.engine.context import Context
from distillation.tests.engine.coloured import (
    DETECTOR,
    epochs_of,
    performed,
    result_of,
    taught,
    write_boxes,
)
from distillation.tests.engine.kills.killing import kill, wait_for
from distillation.tests.engine.kills.kinds import MOMENTS
from distillation.tests.engine.labelling.samples import make_job, write_pictures, write_student
from distillation.tests.engine.samples import events_of, start_engine, write_run

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(600)]

MakeContext = Callable[..., Context]


@pytest.fixture(autouse=True)
def gpu() -> None:
    """Fails, and is not skipped, where somebody asks for these tests without a GPU."""
    assert torch.cuda.is_available(), "No GPU: use `make test-gpu`, which says so."


def on_gpu(spec: RunSpec, **train: object) -> RunSpec:
    return replace(spec, device="cuda", train=replace(spec.train, **train))  # type: ignore[arg-type]


def trained(run_dir: RunDir) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(run_dir.model / export.WEIGHTS)


def test_a_run_in_float32_learns_what_it_learns_on_the_cpu(make_context: MakeContext, spec: RunSpec):
    on_cpu, there = make_context(spec, "cpu"), make_context(on_gpu(spec), "gpu")
    for context in (on_cpu, there):
        run.perform(context, 1)
    assert events_of(there.run_dir)[0]["device"] == "cuda"
    for arm in ("student", "control"):
        expected, found = epochs_of(on_cpu, arm), epochs_of(there, arm)
        assert [event["step"] for event in found] == [event["step"] for event in expected]
        for ours, theirs in zip(found, expected, strict=True):
            assert ours["train_loss"] == pytest.approx(theirs["train_loss"], rel=0.02)
            assert ours["val_loss"] == pytest.approx(theirs["val_loss"], rel=0.02)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_run_in_mixed_precision_learns_nearly_the_same(
    make_context: MakeContext, spec: RunSpec, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
):
    taken = torch.cuda.is_bf16_supported(including_emulation=False)
    if dtype == torch.bfloat16 and not taken:
        pytest.skip("this GPU computes in float16 only")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: dtype == torch.bfloat16)
    whole, mixed = make_context(on_gpu(spec), "whole"), make_context(on_gpu(spec, amp=True), "mixed")
    for context in (whole, mixed):
        run.perform(context, 1)
    for ours, theirs in zip(epochs_of(mixed, "student"), epochs_of(whole, "student"), strict=True):
        assert ours["train_loss"] == pytest.approx(theirs["train_loss"], rel=0.1)
    assert all(tensor.isfinite().all() for tensor in trained(mixed.run_dir).values())
    assert all(tensor.dtype != dtype for tensor in trained(mixed.run_dir).values())


def test_a_detector_learns_from_a_finished_task(home: Path):
    torch.set_num_threads(1)
    write_boxes(home / "datasets" / "detection")
    performed(home, DETECTOR, "teacher")
    hybrid = LossSpec(2.0, 0.6, 0.4, "hybrid", "cwd", 0.5)
    spec = taught(DETECTOR, "teacher", hybrid, epochs=2, augmentation="standard", views=2)
    context = performed(home, on_gpu(spec, amp=True), "student")
    assert [event["step"] for event in epochs_of(context, "student")] == [3, 6]
    for event in epochs_of(context, "student"):
        assert math.isfinite(event["train_loss"])
        assert event["soft_loss"] > 0
        assert event["feature_loss"] > 0
    on_cpu = result_of_run(home, "teacher")["evaluation"]["map50"]
    assert result_of(context)["evaluation"]["teacher"]["map50"] == pytest.approx(on_cpu, abs=1)


def result_of_run(home: Path, name: str) -> dict:
    return json.loads(RunDir(home / "runs" / name).result.read_text())


def test_a_killed_engine_goes_on(home: Path, spec: RunSpec):
    spec = on_gpu(spec, epochs=60)
    run_dir = write_run(home, spec)
    process = start_engine(run_dir, home)
    assert wait_for(process, run_dir, 1, MOMENTS["while the student learns"])
    assert kill(process)
    assert start_engine(run_dir, home, 2).wait() == exit_codes.COMPLETED
    assert events_of(run_dir, 2)[0]["resumed_arm"] == "student"
    steps = [event["step"] for attempt in (1, 2) for event in events_of(run_dir, attempt) if event["kind"] == "epoch"]
    assert max(steps) == 60 * steps[0]


def test_labels_are_those_of_the_cpu(tmp_path: Path):
    rows = {}
    for device in ("cpu", "cuda"):
        home = tmp_path / device
        write_student(home / "model")
        write_pictures(home / "in")
        result = replace(make_job(home, formats=("csv",)), device=device).perform()
        assert result["succeeded"] == 9
        (file,) = (home / "out").rglob("*.csv")
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows[device] = sorted(csv.reader(lines))
    assert len(rows["cuda"]) == len(rows["cpu"])
    for ours, theirs in zip(rows["cuda"], rows["cpu"], strict=True):
        for one, other in zip(ours, theirs, strict=True):
            try:
                assert float(one) == pytest.approx(float(other), abs=1e-3)
            except ValueError:
                assert one == other


def test_two_gpus_share_each_batch(home: Path, spec: RunSpec):
    if torch.cuda.device_count() < 2:
        pytest.skip("this machine has one GPU")
    found = []
    for count in (1, 2):
        run_dir = write_run(home, replace(on_gpu(spec, world_size=count), control=False), f"on-{count}")
        assert start_engine(run_dir, home).wait() == exit_codes.COMPLETED, run_dir.engine_log(1).read_text()[-3000:]
        found.append(trained(run_dir))
    alone, shared = found
    assert all(float((alone[name] - shared[name]).abs().max()) < 1e-2 for name in alone)
