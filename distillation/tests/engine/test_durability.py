"""Damaged and interrupted files: checkpoints, chunked arrays, events, unreadable pictures."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import pytest
import torch
from safetensors import SafetensorError

from distillation.contract.sentence import Refused, Sentence
from distillation.contract.spec import RunSpec
from distillation.engine import atomic, failures, run
from distillation.engine.checkpoint import Checkpoints
from distillation.engine.chunked_array import ChunkedArray
from distillation.engine.context import Context
from distillation.engine.events import EventWriter
from distillation.tests.engine.samples import direct, events_of, sha256

MakeContext = Callable[..., Context]


def logs_of(context: Context, attempt: int = 1) -> list[str]:
    events = events_of(context.run_dir, attempt)
    return [Sentence.from_json(event["sentence"]).english() for event in events if event["kind"] == "log"]


def three_checkpoints(context: Context) -> Checkpoints:
    checkpoints = Checkpoints(context, "student", "abc")
    for step in (10, 20, 30):
        checkpoints.save({"step": step, "model": {"w": torch.full((3,), float(step))}}, epoch=step // 10, step=step)
    return checkpoints


def newest_step(checkpoints: Checkpoints) -> int | None:
    """Step of what would be continued; found and loaded must agree."""
    state: dict[str, Any] | None = checkpoints.load()
    position = checkpoints.newest()
    assert (state is None) == (position is None)
    assert state is None or position is None or state["step"] == position.step
    return None if position is None else position.step


def test_the_newest_two_checkpoints_are_kept(make_context: MakeContext, spec: RunSpec):
    checkpoints = three_checkpoints(make_context(spec))
    names = sorted(path.name for path in checkpoints.folder.iterdir())
    assert names == ["last-00000020.json", "last-00000020.pt", "last-00000030.json", "last-00000030.pt"]
    assert newest_step(checkpoints) == 30


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-20],
        lambda data: b"",
        lambda data: data[:99] + b"?" + data[100:],
        lambda data: data.replace(b"\x00\x00\xf0\x41", b"\x00\x00\xf1\x41"),  # one weight: 30.0 becomes 30.125
    ],
)
def test_a_damaged_checkpoint_falls_back_to_the_one_before(make_context: MakeContext, spec: RunSpec, damage):
    context = make_context(spec)
    checkpoints = three_checkpoints(context)
    newest = checkpoints.folder / "last-00000030.pt"
    newest.write_bytes(damage(newest.read_bytes()))
    assert newest_step(checkpoints) == 20
    assert len([log for log in logs_of(context) if "last-00000030.pt" in log]) == 1


def test_without_a_sound_checkpoint_the_arm_begins_again(make_context: MakeContext, spec: RunSpec):
    checkpoints = three_checkpoints(make_context(spec))
    for path in checkpoints.folder.glob("*.pt"):
        path.write_bytes(b"")
    assert newest_step(checkpoints) is None


def test_a_checkpoint_of_another_spec_is_refused(make_context: MakeContext, spec: RunSpec):
    three_checkpoints(make_context(spec))
    other = make_context(replace(spec, train=replace(spec.train, epochs=4)))
    with pytest.raises(Refused, match="another spec"):
        run.perform(other, 1)


def test_a_damaged_final_file_makes_the_arm_go_on_from_its_checkpoint(make_context: MakeContext, spec: RunSpec):
    context = make_context(direct(spec))
    run.perform(context, 1)
    before = sha256(context.run_dir.model / "model.safetensors")
    context.run_dir.result.unlink()
    (context.run_dir.checkpoints / "student" / "final.safetensors").write_bytes(b"?")
    again = make_context(direct(spec), attempt=2)
    run.perform(again, 2)
    assert sha256(context.run_dir.model / "model.safetensors") == before
    assert any("final.safetensors" in log for log in logs_of(again, 2))


def test_an_array_that_was_cut_short_begins_anew(tmp_path: Path):
    rows = np.arange(20, dtype=np.float32).reshape(10, 2)
    for _ in range(2):
        array = ChunkedArray(tmp_path, rows.shape, np.float32)
        array.open()
        assert array.rows_done == 0
        array.append(rows)
        array.complete({})
        array.close()
        (tmp_path / "array.npy").write_bytes((tmp_path / "array.npy").read_bytes()[:-8])
        assert array.completed() is None


def test_an_array_goes_on_after_its_last_committed_row(tmp_path: Path):
    rows = np.arange(20, dtype=np.float32).reshape(10, 2)
    first = ChunkedArray(tmp_path, rows.shape, np.float32)
    first.open()
    first.append(rows[:4])
    first.notes.append("note")
    first.commit()
    first.append(rows[4:7] * 99)  # never committed, as in a killed process
    first.close()
    second = ChunkedArray(tmp_path, rows.shape, np.float32)
    assert second.completed() is None
    second.open()
    assert (second.rows_done, second.notes) == (4, ["note"])
    second.append(rows[4:])
    mark = second.complete({"about": 1})
    second.close()
    assert np.array_equal(second.read(), rows)
    assert ChunkedArray(tmp_path, rows.shape, np.float32).completed() == mark
    assert ChunkedArray(tmp_path, (10, 3), np.float32).completed() is None


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path):
    path = tmp_path / "file"
    atomic.write_bytes(path, b"old")
    with pytest.raises(AttributeError), atomic.replacing(path) as file:
        torch.save({"fails": lambda: None}, cast(IO[bytes], file))
    assert path.read_bytes() == b"old"
    assert not list(tmp_path.glob(".*"))


def test_a_full_disk_is_recognised_inside_what_libraries_raise(tmp_path: Path):
    path = tmp_path / "file"
    path.with_name(".file.tmp").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space") as caught, atomic.replacing(path) as file:
        torch.save({"w": torch.zeros(100_000)}, cast(IO[bytes], file))
    assert caught.value.errno == errno.ENOSPC
    assert failures.is_disk_full(caught.value)
    assert failures.is_disk_full(SafetensorError("Error: No space left on device (os error 28)"))
    wrapped = RuntimeError("write failed")
    wrapped.__cause__ = OSError(errno.EDQUOT, "quota")
    assert failures.is_disk_full(wrapped)
    assert not failures.is_disk_full(RuntimeError("write failed"))


def test_lack_of_memory_is_recognised():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50)
    assert failures.is_out_of_memory(caught.value)
    assert failures.is_out_of_memory(MemoryError())
    assert not failures.is_out_of_memory(RuntimeError("shape mismatch"))


def test_events_go_on_counting_after_a_torn_line(tmp_path: Path):
    path = tmp_path / "events-1.jsonl"
    EventWriter(path).emit("log", value=float("nan"), nested=[{"x": float("inf")}])
    with path.open("ab") as file:
        file.write(b'{"kind": "epo')
    EventWriter(path).emit("log")
    first, torn, second = path.read_bytes().splitlines()
    assert json.loads(first)["value"] is None
    assert json.loads(first)["nested"] == [{"x": None}]
    assert torn == b'{"kind": "epo'
    assert json.loads(second)["seq"] == 2


def spoil(home: Path, *names: str) -> None:
    for name in names:
        # Different bytes: a file in train and val both would be left out as a duplicate before it is read.
        (home / "datasets/shapes" / name).write_bytes(b"\x89PNG no" + name.encode())


def test_unreadable_pictures_are_left_out_counted_and_named(home: Path, make_context: MakeContext, spec: RunSpec):
    spoil(home, "train/bar/001.png", "val/dot/000.png", "unlabeled/batch0/004.png")
    context = make_context(spec)
    run.perform(context, 1)
    result = json.loads(context.run_dir.result.read_text())
    assert result["unreadable"]["count"] == 3
    assert [entry["path"] for entry in result["unreadable"]["named"]] == [
        "train/bar/001.png",
        "unlabeled/batch0/004.png",
        "val/dot/000.png",
    ]
    assert result["evaluation"]["sample_count"] == 17
    assert result["pictures"] == {"train": 23, "unlabeled": 23, "val": 17}
    assert any("3 of 66 pictures cannot be read and are left out" in log for log in logs_of(context))


def test_too_many_unreadable_pictures_fail_with_count_and_names(home: Path, make_context: MakeContext, spec: RunSpec):
    spoil(home, *(f"unlabeled/batch0/{number:03d}.png" for number in (0, 2, 4, 6)))
    with pytest.raises(Refused, match=r"4 of 66 pictures .* 5.0 % .* unlabeled/batch0/000.png"):
        run.perform(make_context(spec), 1)


def test_a_class_that_loses_all_its_pictures_fails(home: Path, make_context: MakeContext, spec: RunSpec):
    spoil(home, *(f"val/dot/{number:03d}.png" for number in range(6)))
    with pytest.raises(Refused, match="No picture of these classes can be read in val/: dot"):
        run.perform(make_context(replace(spec, max_unreadable_share=0.5)), 1)
