"""PyTorch files become safetensors in a process of their own; what is not plain tensors is refused, never run."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from distillation.contract import exit_codes
from distillation.contract.sentence import Refused, Sentence
from distillation.engine import conversion
from distillation.tests.engine.samples import PROJECT

LINEAR = torch.nn.Linear(4, 3).state_dict()


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    def save(value: Any, **options: Any) -> Path:
        torch.save(value, tmp_path / "model.pt", **options)
        return tmp_path / "model.pt"

    return save


@pytest.fixture(autouse=True)
def no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits are those of a whole process; one test sets them in one of its own."""
    monkeypatch.setattr(conversion, "_limit_memory", lambda size: None)


def convert(path: Path, digest: str | None = None) -> Path:
    target = path.with_suffix(".safetensors")
    with path.open("rb") as source, target.open("wb") as file:
        conversion.convert(source, file, digest)
    return target


def refusal(path: Path) -> str:
    with pytest.raises(Refused) as caught:
        convert(path)
    assert path.with_suffix(".safetensors").stat().st_size == 0
    return str(caught.value)


@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: {"epoch": 3, "model": d}, lambda d: {"state_dict": d}])
@pytest.mark.parametrize("zipped", [True, False])
def test_the_weights_come_through_unchanged(saved, wrap, zipped):
    target = convert(saved(wrap(LINEAR), _use_new_zipfile_serialization=zipped), "ab" * 32)
    found = safetensors.torch.load_file(target)
    assert set(found) == {"weight", "bias"}
    assert all(torch.equal(found[name], LINEAR[name]) for name in found)
    with safetensors.safe_open(target, "pt") as file:
        assert file.metadata() == {"format": "pt", "converted_from_sha256": "ab" * 32}


def test_tied_and_transposed_weights_come_through(saved):
    shared = torch.arange(6.0)
    found = safetensors.torch.load_file(convert(saved({"a": shared, "b": shared, "c": shared.view(2, 3).T})))
    assert torch.equal(found["b"], shared)
    assert torch.equal(found["c"], shared.view(2, 3).T)


class Evil:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_pickle_is_named_and_not_run(saved, tmp_path, zipped):
    sentence = refusal(saved({"a": Evil(tmp_path / "mark")}, _use_new_zipfile_serialization=zipped))
    assert "system" in sentence
    assert "safetensors.torch.save_file(model.state_dict()" in sentence
    assert not (tmp_path / "mark").exists()


def test_a_plain_pickle_is_not_run_either(tmp_path):
    path = tmp_path / "model.pt"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path.write_bytes(pickle.dumps(Evil(tmp_path / "mark"), protocol))
        assert "can run code" in refusal(path)
    assert not (tmp_path / "mark").exists()


def test_a_whole_module_is_refused_with_the_way_to_convert_it(saved):
    assert "torch.nn.modules.linear.Linear" in refusal(saved(torch.nn.Linear(4, 3)))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, "no names with tensors"),
        ([torch.zeros(2)], "found: list"),
        ({"epoch": 3, "model": {}}, "found: epoch, model"),
        ({1: torch.zeros(2)}, "no names with tensors"),
        ({"a": torch.zeros(3).to_sparse()}, "sparse"),
        ({"a": torch.zeros(3, device="meta")}, "without content"),
        ({"a": torch.zeros(3, dtype=torch.complex128)}, "complex128"),
        ({"a": torch.zeros(1).expand(10**6, 10**6)}, "claim 4000000000000 bytes"),
    ],
)
def test_what_is_no_state_dict_is_refused(saved, value, words):
    assert words in refusal(saved(value))


@pytest.mark.parametrize("keep", [0, 1, 10, 200, -1, -100])
def test_a_file_cut_off_is_refused(saved, keep):
    path = saved(LINEAR)
    path.write_bytes(path.read_bytes()[:keep])
    refusal(path)


def test_a_zip_bomb_is_refused_before_it_unpacks(tmp_path):
    path = tmp_path / "model.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * 50_000_000)
    assert "unpacks to more than it holds" in refusal(path)


def test_entries_that_share_their_bytes_are_refused(saved):
    """The other kind of zip bomb: many entries that all point to the same place."""
    path = saved(LINEAR)
    content = path.read_bytes()
    entry = content.rfind(b"PK\x01\x02")
    at = entry + 24  # the uncompressed size in the last entry of the directory
    path.write_bytes(content[:at] + (2**31).to_bytes(4, "little") + content[at + 4 :])
    refusal(path)


def run(arguments: list[str], source: Any, target: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "distillation.engine", "convert", *arguments],
        stdin=source, stdout=target, stderr=subprocess.PIPE, cwd=PROJECT,
    )  # fmt: skip


@pytest.mark.slow
def test_the_command_converts_and_says_refusals_as_json(saved, tmp_path):
    path = saved(LINEAR)
    with path.open("rb") as source, (tmp_path / "new").open("wb") as target:
        assert run([], source, target).returncode == exit_codes.COMPLETED
    assert set(safetensors.torch.load_file(tmp_path / "new")) == {"weight", "bias"}
    with saved([1]).open("rb") as source:
        done = run(["--json"], source, subprocess.PIPE)
    assert (done.returncode, done.stdout) == (exit_codes.FAILED, b"")
    assert "found: list" in Sentence.from_json(json.loads(done.stderr)).english()
    done = subprocess.run(
        [sys.executable, "-m", "distillation.engine", "convert"], input=b"", cwd=PROJECT, capture_output=True
    )
    assert b"standard input" in done.stderr


@pytest.mark.slow
def test_a_file_that_asks_for_much_memory_is_stopped(saved):
    """An old file says how large its storage is before it gives the bytes."""
    path = saved({"a": torch.zeros(3)}, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    honest, huge = b"K\x03Nt", b"\x8a\x08" + (2**34).to_bytes(8, "little") + b"Nt"
    assert content.count(honest) == 1
    path.write_bytes(content.replace(honest, huge))
    with path.open("rb") as source:
        done = run([], source, subprocess.PIPE)
    assert (done.returncode, done.stdout) == (exit_codes.FAILED, b"")
    assert b"far more memory" in done.stderr


@pytest.mark.slow
def test_a_full_disk_is_said():
    with tempfile.TemporaryFile() as source, Path("/dev/full").open("wb") as full:
        torch.save(LINEAR, source)
        source.seek(0)
        done = run([], source, full)
    assert done.returncode == exit_codes.FAILED
    assert b"No space left on device" in done.stderr
