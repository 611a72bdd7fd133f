"""Files below the home, and how a stored path becomes a real one without leaving it."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from distillation.contract.run_dir import RunDir


def home() -> Path:
    """``DISTILLATION_HOME``."""
    return Path(settings.DISTILLATION_HOME)


def run_dir(task_id: str) -> RunDir:
    """The run directory of a task."""
    return RunDir(Path(settings.RUNS_ROOT) / task_id)


def relative(path: Path) -> str:
    """The path as the database and the spec keep it: relative to the home, with forward slashes."""
    return path.resolve().relative_to(home().resolve()).as_posix()


def model_file(model_path: str | None) -> Path | None:
    """The file of a stored model path, or None when there is none or the path leads out of the home."""
    if not model_path or "\x00" in model_path:
        return None
    path = (home() / model_path).resolve()
    if not path.is_relative_to(home().resolve()) or not path.is_file():
        return None
    return path


def model_directories() -> list[str]:
    """Names of the directories below the models root that hold a ``config.json``."""
    root = Path(settings.MODELS_ROOT)
    if not root.is_dir():
        return []
    return sorted(path.name for path in root.iterdir() if (path / "config.json").is_file())
