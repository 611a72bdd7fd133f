"""Whether a file opens as a model, seen from its first bytes: safetensors and ONNX.

Bounded reads of a descriptor; nothing is mapped (a file that shrinks meanwhile would end the process) and no code
of the file is run. What a header claims is checked against the size of the file before it is believed.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.storage.opening import OpenFile

MAX_HEADER_BYTES = 16 * 1024 * 1024
"""A model with 100,000 tensors needs about 12 MB; reading this much takes well under a second."""
MAX_DIMENSIONS = 64
_BITS = {
    **dict.fromkeys(("F64", "I64", "U64", "C64"), 64),
    **dict.fromkeys(("F32", "I32", "U32"), 32),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 16),
    **dict.fromkeys(("BOOL", "I8", "U8", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    "F4": 4,
}
"""Bits an element: https://github.com/huggingface/safetensors, format section and its Dtype enumeration."""

_ONNX_FIELDS = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2}
"""ModelProto's fields and their wire types: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto"""
_IR_VERSION, _GRAPH, _OPSET_IMPORT = 1, 7, 8
_GRAPH_FIELDS = frozenset({1, 2, 5, 10, 11, 12, 13, 14, 15, 16})
MAX_ONNX_FIELDS = 10_000
MAX_IR_VERSION = 100


def safetensors_metadata(file: OpenFile) -> dict[str, str]:
    """Check the header against the file's size; return its free-form entries. Raises Refused and OSError."""
    return _read_header(file)[0]


def safetensors_elements(file: OpenFile) -> int:
    """Numbers in all tensors, by a header that fits the file. Raises Refused and OSError."""
    return sum(math.prod(entry["shape"]) for entry in _read_header(file)[1].values())


def _read_header(file: OpenFile) -> tuple[dict[str, str], dict[str, Any]]:
    """Free-form entries, and the tensors by name."""
    length = int.from_bytes(file.read(8, 0), "little")
    if file.size < 10:
        raise _not_safetensors(f"{file.size} bytes")
    if length > file.size - 8:
        raise _not_safetensors(f"its header claims {length} bytes, the file has {file.size}")
    if length > MAX_HEADER_BYTES:
        raise _not_safetensors(f"its header claims {length} bytes, at most {MAX_HEADER_BYTES} are read")
    header = _header(file.read(length, 8))
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise _not_safetensors("its metadata are not texts")
    if not header:
        raise _not_safetensors("it holds no tensors")
    _check_places([_place(name, entry) for name, entry in header.items()], file.size - 8 - length)
    return metadata, header


def check_onnx(file: OpenFile) -> None:
    """Walk the outermost fields of the protobuf message without reading their content. Raises Refused and OSError."""
    offset, seen = 0, set()
    for _ in range(MAX_ONNX_FIELDS):
        if offset == file.size:
            break
        number, value, content, offset = _field(file, offset, file.size, _ONNX_FIELDS)
        if number == _IR_VERSION and not 1 <= value <= MAX_IR_VERSION:
            raise _not_onnx(f"IR version {value}")
        if number == _GRAPH:
            _check_graph(file, content, offset)
        seen.add(number)
    if offset != file.size:
        raise _not_onnx(f"more than {MAX_ONNX_FIELDS} fields")
    missing = {_IR_VERSION: "ir_version", _GRAPH: "graph", _OPSET_IMPORT: "opset_import"}
    if absent := [name for number, name in missing.items() if number not in seen]:
        raise _not_onnx(f"no {', '.join(absent)}")


def _header(raw: bytes) -> dict[str, Any]:
    try:
        header = json.loads(raw.decode(), object_pairs_hook=_without_doubles, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _not_safetensors("its header is not JSON") from error
    if not raw.startswith(b"{") or not isinstance(header, dict):
        raise _not_safetensors("its header is not a JSON object")
    return header


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _place(name: str, entry: Any) -> tuple[int, int]:
    """Where the tensor lies in the data. Raises Refused when its shape does not fill that place."""
    try:
        bits = _BITS[entry["dtype"]]
        shape, (begin, end) = entry["shape"], entry["data_offsets"]
        sizes = [*shape, begin, end]
        if len(shape) > MAX_DIMENSIONS or not all(type(size) is int and 0 <= size < 2**63 for size in sizes):
            raise ValueError
        if math.prod(shape) * bits != (end - begin) * 8:
            raise ValueError
    except (KeyError, TypeError, ValueError) as error:
        shown = re.sub(r"[^\x20-\x7e]", "?", name)[:100]
        raise _not_safetensors(f"type, shape and place of {shown} do not fit together") from error
    return begin, end


def _check_places(places: list[tuple[int, int]], size: int) -> None:
    """The tensors must fill the data without holes and overlaps, as the format demands."""
    at = 0
    for begin, end in sorted(places):
        if begin != at:
            raise _not_safetensors("its tensors leave holes or overlap")
        at = end
    if at != size:
        raise _not_safetensors(f"its tensors need {at} bytes, {size} follow the header")


def _check_graph(file: OpenFile, begin: int, end: int) -> None:
    if begin == end:
        raise _not_onnx("an empty graph")
    _field(file, begin, end, dict.fromkeys(_GRAPH_FIELDS, 2))


def _field(file: OpenFile, offset: int, end: int, known: dict[int, int]) -> tuple[int, int, int, int]:
    """One field: its number, its value or length, where its content begins and where the next field does."""
    tag, at = _varint(file, offset, end)
    number, wire = tag >> 3, tag & 7
    if known.get(number) != wire:
        raise _not_onnx(f"field {number} of type {wire} at byte {offset}")
    value, content = _varint(file, at, end)
    following = content + value if wire == 2 else content
    if following > end:
        raise _not_onnx(f"field {number} claims {value} bytes, {end - content} are left")
    return number, value, content, following


def _varint(file: OpenFile, offset: int, end: int) -> tuple[int, int]:
    raw = file.read(min(10, end - offset), offset)
    value = 0
    for index, byte in enumerate(raw):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, offset + index + 1
    raise _not_onnx(f"no number at byte {offset}")


def _not_safetensors(found: str) -> Refused:
    return Refused(
        Sentence(
            gettext_noop(
                "The file is not a complete safetensors file ({found}). Copy it again, or save the weights anew with "
                "safetensors.torch.save_file(model.state_dict(), 'model.safetensors')."
            ),
            {"found": found},
        )
    )


def _not_onnx(found: str) -> Refused:
    return Refused(
        Sentence(
            gettext_noop("The file is not a complete ONNX model ({found}). Copy it again, or export the model anew."),
            {"found": found},
        )
    )
