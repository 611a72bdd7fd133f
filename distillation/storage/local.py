"""Files below the home, and how a stored path becomes a real one without leaving it."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings

from distillation.contract.run_dir import RunDir

INFERENCE = "inference"
"""The folder of the home that holds the directories of labelling jobs."""
TRIALS = "trials"
"""The same for trials: what people upload and what the models answer, for a while."""


def home() -> Path:
    """``DISTILLATION_HOME``."""
    return Path(settings.DISTILLATION_HOME)


def run_dir(task_id: str) -> RunDir:
    """The run directory of a task."""
    return RunDir(Path(settings.RUNS_ROOT) / task_id)


def inference_dir(inference_id: str) -> RunDir:
    """The directory of a labelling job, laid out as a run's."""
    return RunDir(home() / INFERENCE / inference_id)


def trial_dir(trial_id: str) -> RunDir:
    """The directory of a trial, laid out as a run's."""
    return RunDir(home() / TRIALS / trial_id)


def folders(root: Path) -> list[Path]:
    """The folders directly below; none below a link, since what lies there is not ours alone."""
    if root.is_symlink() or not root.is_dir():
        return []
    return sorted(path for path in root.iterdir() if path.is_dir() and not path.is_symlink())


def size_of(folder: Path) -> int:
    """Bytes of the files in it, without those that vanish meanwhile; links are not followed."""
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                size += (Path(parent) / name).lstat().st_size
    return size


def json_object(path: Path) -> dict[str, Any]:
    """What the engine has written there; empty where there is no such file or it is damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def relative(path: Path) -> str:
    """The path as the database and the spec keep it: relative to the home, with forward slashes."""
    return path.resolve().relative_to(home().resolve()).as_posix()


def model_file(model_path: str | None) -> Path | None:
    """The file of a stored model path, or None when there is none or the path leads out of the home.

    Lists ask for every row: one look at the disk, and the way there is followed only for a file that is new.
    """
    if not model_path or "\x00" in model_path:
        return None
    root = str(settings.DISTILLATION_HOME)
    path = model_path if model_path.startswith("/") else f"{root}/{model_path}"
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path costs more than the look itself
    except (OSError, ValueError):
        return None
    return _inside(path, root, found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def is_bound(file: Path) -> bool:
    """Whether a model file lies below the models root: somebody put it there, no run of ours wrote it."""
    return _below(file, str(settings.MODELS_ROOT))


@lru_cache(maxsize=8192)
def _inside(path: str, root: str, _device: int, _inode: int) -> Path | None:
    """The real path, if it is below the root; a name or a link that now leads to another file is looked at anew."""
    real = Path(path).resolve()
    return real if real.is_relative_to(Path(root).resolve()) else None


@lru_cache(maxsize=8192)
def _below(file: Path, root: str) -> bool:
    return file.is_relative_to(Path(root).resolve())


def model_directories() -> list[str]:
    """Names of the directories below the models root that hold a ``config.json``."""
    root = Path(settings.MODELS_ROOT)
    if not root.is_dir():
        return []
    return sorted(path.name for path in root.iterdir() if (path / "config.json").is_file())
