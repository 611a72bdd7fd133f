"""The files that people may take from a run: what lies below its ``artifacts`` folder, and nothing else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from distillation.storage.local import run_dir
from distillation.storage.opening import NotAFile, OpenFile, Outside, climbs, open_inside

MOST = 1000
"""Files of one run that are listed."""
KINDS = (
    "weights", "config", "onnx", "onnx-int8", "onnx-nms", "script", "card", "tokenizer", "evaluation", "example",
    "other",
)  # fmt: skip
_BY_NAME = {
    "model.safetensors": "weights",
    "config.json": "config",
    "tokenizer.json": "tokenizer",
    "model.onnx": "onnx",
    "model.int8.onnx": "onnx-int8",
    "model.nms.onnx": "onnx-nms",
    "label_picture.py": "script",
    "README.md": "card",
    "evaluation.json": "evaluation",
}
BESIDE_THE_MODEL = ("config.json", "README.md", "model.onnx", "model.int8.onnx", "model.nms.onnx", "label_picture.py")
"""What belongs to a model and is handed out with it."""
_PICTURES = "pictures/"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file."""

    name: str
    """Relative to the artifacts folder, with forward slashes."""
    bytes: int

    @property
    def kind(self) -> str:
        """One of KINDS, by its name."""
        if self.name.startswith(_PICTURES):
            return "example"
        return _BY_NAME.get(self.name.rpartition("/")[2], "other")


def artifacts(task_id: str) -> list[Artifact]:
    """The run's files by name. Links and what is no regular file are left out."""
    root = _root(task_id)
    if root is None:
        return []
    found: list[Artifact] = []
    for folder, _folders, files in os.walk(root):  # does not follow links
        for name in files:
            path = Path(folder) / name
            if not name.startswith(".") and not path.is_symlink() and path.is_file() and len(found) < MOST:
                found.append(Artifact(path.relative_to(root).as_posix(), path.stat().st_size))
    return sorted(found, key=lambda artifact: artifact.name)


def open_artifact(task_id: str, name: str) -> OpenFile | None:
    """Open one of them; None when there is none of that name, or the name leads elsewhere. Close it."""
    root = _root(task_id)
    hidden = any(part.startswith(".") for part in name.split("/"))
    if root is None or "\0" in name or climbs(name) or hidden:
        return None
    try:
        return open_inside(root / name.lstrip("/"), root)
    except (Outside, NotAFile, OSError):
        return None


def _root(task_id: str) -> Path | None:
    """The folder, if it is the run's own: a link in its place could show any file of the machine."""
    runs = Path(settings.RUNS_ROOT).resolve()
    folder = run_dir(task_id).artifacts
    try:
        real = folder.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return None
    return real if real == runs / task_id / folder.name and real.is_dir() else None
