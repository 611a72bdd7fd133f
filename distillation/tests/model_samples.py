"""Small real model files, and files that only look like some."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy

from distillation.contract.sentence import Sentence

CONFIG = {
    "format": "distillation-student/1", "arch": "cnn-tiny", "classes": ["0", "1"], "image_size": 8, "channels": 1,
}  # fmt: skip
HUGGINGFACE = {"model_type": "vit", "id2label": {"0": "cat", "1": "dog"}}


def safetensors_bytes(**metadata: str) -> bytes:
    tensors = {"weight": np.arange(6, dtype=np.float32).reshape(2, 3), "bias": np.zeros(2, np.float16)}
    return bytes(safetensors.numpy.save(tensors, metadata or None))


def with_header(header: Any, data: bytes = b"") -> bytes:
    """A file with this header, whatever it is."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(raw).to_bytes(8, "little") + raw + data


def onnx_bytes(*, ir_version: int = 9, graph: bytes = b"\x0a\x02\x0a\x00", opset: bytes = b"\x10\x11") -> bytes:
    """The fields that exporters write: ir_version, producer_name, graph, opset_import."""
    fields = [b"\x08" + bytes([ir_version]), b"\x12\x07pytorch"]
    fields += [b"\x3a" + bytes([len(graph)]) + graph, b"\x42" + bytes([len(opset)]) + opset]
    return b"".join(fields)


def said(sentence: Sentence | None) -> str:
    """The sentence in English, or nothing."""
    return "" if sentence is None else sentence.english()


def write_model(folder: Path, config: dict[str, Any] | None = CONFIG, name: str = "model.safetensors") -> Path:
    """A model directory; returns the weights."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(safetensors_bytes())
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    return folder / name


def tree(root: Path) -> dict[str, bytes | str]:
    """What lies below the root, to compare before and after."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else str(path.lstat().st_mode)
        for path in sorted(root.rglob("*"))
    }
