"""Headers of safetensors and ONNX: real files pass, hostile ones are refused without effort."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from distillation.contract.sentence import Refused
from distillation.storage.model_formats import MAX_HEADER_BYTES, check_onnx, safetensors_metadata
from distillation.storage.opening import OpenFile, open_inside
from distillation.tests.model_samples import onnx_bytes, safetensors_bytes, with_header


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[bytes], OpenFile]:
    def write(content: bytes) -> OpenFile:
        (tmp_path / "file").write_bytes(content)
        return open_inside(tmp_path / "file", tmp_path)

    return write


def tensor(dtype: object = "F32", shape: object = (1,), offsets: object = (0, 4)) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def test_a_file_of_the_library_passes_and_gives_its_metadata(opened):
    with opened(safetensors_bytes(format="pt")) as file:
        assert safetensors_metadata(file) == {"format": "pt"}
    with opened(safetensors_bytes()) as file:
        assert safetensors_metadata(file) == {}


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "int8", "uint16", "bool", "complex64"])
def test_every_type_that_numpy_saves_passes(opened, dtype):
    with opened(bytes(safetensors.numpy.save({"a": np.zeros((3, 0, 2), dtype), "b": np.ones(5, dtype)}))) as file:
        safetensors_metadata(file)


HOSTILE = {
    "empty": b"",
    "seven bytes": b"\2" + b"\0" * 6,
    "a header of 2^63 bytes": (2**63).to_bytes(8, "little") + b"{}",
    "a header of 2^64-1 bytes": b"\xff" * 8 + b"{}",
    "a header larger than the file": with_header({"a": tensor()}, b"1234")[:-6],
    "a header cut off": with_header({"a": tensor()})[:30],
    "data cut off": with_header({"a": tensor()}, b"12"),
    "data left over": with_header({"a": tensor()}, b"12345"),
    "a pickle": pickle.dumps({"weights": list(range(100))}, protocol=4),
    "a zip": b"PK\x03\x04" + b"\0" * 200,
    "no JSON": with_header(b"{nothing}"),
    "an array": with_header(b"[1, 2]"),
    "not UTF-8": with_header(b'{"\xff\xfe": 1}'),
    "spaces first": with_header(b' {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}', b"1234"),
    "deep": with_header(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "a long number": with_header(b'{"a": ' + b"9" * 10_000 + b"}"),
    "no tensors": with_header({"__metadata__": {"format": "pt"}}),
    "metadata of numbers": with_header({"__metadata__": {"a": 1}, "a": tensor()}, b"1234"),
    "a name twice": with_header(b'{"a": 1, "a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}', b"1234"),
    "an unknown type": with_header({"a": tensor("F99")}, b"1234"),
    "a list for a type": with_header({"a": tensor(["F32"])}, b"1234"),
    "a text for a tensor": with_header({"a": "dtype"}, b"1234"),
    "a text for a shape": with_header({"a": tensor(shape="1")}, b"1234"),
    "a negative size": with_header({"a": tensor(shape=(-1, -1))}, b"1234"),
    "a float size": with_header({"a": tensor(shape=(1.0,))}, b"1234"),
    "a boolean size": with_header({"a": tensor(shape=(True,))}, b"1234"),
    "a shape that overflows": with_header({"a": tensor(shape=(2**62, 4))}, b"1234"),
    "a shape of a million": with_header({"a": tensor(shape=[9] * 100_000)}, b"1234"),
    "offsets backwards": with_header({"a": tensor(offsets=(4, 0))}, b"1234"),
    "offsets behind the end": with_header({"a": tensor(offsets=(4, 8))}, b"1234"),
    "one offset": with_header({"a": tensor(offsets=(0,))}, b"1234"),
    "overlap": with_header({"a": tensor(), "b": tensor()}, b"1234"),
    "a hole": with_header({"a": tensor(), "b": tensor(offsets=(8, 12))}, b"123456789012"),
    "no shape": with_header({"a": {"dtype": "F32", "data_offsets": [0, 4]}}, b"1234"),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_what_is_no_safetensors_is_refused_at_once(opened, name):
    begun = time.monotonic()
    with opened(HOSTILE[name]) as file, pytest.raises(Refused, match="not a complete safetensors file"):
        safetensors_metadata(file)
    assert time.monotonic() - begun < 1


def test_a_header_that_would_fill_the_memory_is_not_read(tmp_path):
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.write((2**40 - 8).to_bytes(8, "little"))
        file.truncate(2**40)
    with open_inside(path, tmp_path) as found, pytest.raises(Refused, match=str(MAX_HEADER_BYTES)):
        safetensors_metadata(found)


@given(st.binary(max_size=300))
def test_no_header_breaks_the_reader(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("header")
    (folder / "file").write_bytes(with_header(content))
    (folder / "onnx").write_bytes(content)
    with open_inside(folder / "file", folder) as file, pytest.raises(Refused):
        safetensors_metadata(file)
    with open_inside(folder / "onnx", folder) as file, pytest.raises(Refused):
        check_onnx(file)


def test_what_we_accept_the_library_accepts_too(tmp_path):
    (tmp_path / "file").write_bytes(safetensors_bytes(format="pt"))
    with open_inside(tmp_path / "file", tmp_path) as file:
        safetensors_metadata(file)
    with safetensors.safe_open(tmp_path / "file", "np") as found:
        assert set(found.keys()) == {"weight", "bias"}


def test_a_model_with_the_fields_of_onnx_passes(opened):
    with opened(onnx_bytes()) as file:
        check_onnx(file)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "no ir_version, graph, opset_import"),
        (onnx_bytes()[:2], "no graph, opset_import"),
        (onnx_bytes()[:-3], "claims|no number"),
        (onnx_bytes()[:-4], "no opset_import"),
        (onnx_bytes(ir_version=0), "IR version 0"),
        (onnx_bytes(graph=b""), "empty graph"),
        (onnx_bytes(graph=b"\xff\xff"), "no number"),
        (onnx_bytes(graph=b"\x0a\x7f"), "claims 127 bytes"),
        (b"\x3a" + b"\xff" * 9 + b"\x01" + onnx_bytes(), "claims"),
        (b"\x08" + b"\xff" * 20, "no number"),
        (pickle.dumps({"a": 1}), "field"),
        (b"PK\x03\x04" + b"\0" * 200, "field 10"),
        (safetensors_bytes(), "field"),
        (b"\x42\x00" * 20_000, "more than"),
    ],
)
def test_what_is_no_onnx_is_refused(opened, content, found):
    with opened(content) as file, pytest.raises(Refused, match=f"not a complete ONNX model.*({found})"):
        check_onnx(file)
