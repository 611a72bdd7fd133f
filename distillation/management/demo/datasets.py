"""Put the demo's data sets below the data set root: made aside, compared, renamed into place."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from django.conf import settings
from django.core.management import CommandError

from distillation.management.demo.names import USUAL

SECONDS = 600


@dataclass(frozen=True, slots=True)
class Made:
    """What became of one data set."""

    name: str
    outcome: Literal["written", "unchanged", "different"]
    files: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which data sets, and how large."""

    names: tuple[str, ...] = USUAL
    scenes: tuple[int, int, int] = (600, 200, 200)
    """For training, for validation and without labels."""
    scene_size: int = 160
    """Pixels of a scene's side."""
    aeon: Path | None = None
    """The wheel or folder that holds ItalyPowerDemand."""


def create(root: Path, wanted: Wanted | None = None) -> list[Made]:
    """Make the demo's data sets below ``root``; what is there stays as it is. Raises CommandError."""
    wanted = wanted or Wanted()
    root.mkdir(parents=True, exist_ok=True)
    # On the same file system as the target, so that the rename is atomic; hidden, so that no catalogue lists it.
    with tempfile.TemporaryDirectory(prefix=".demo-", dir=root) as draft:
        _generate(Path(draft), wanted)
        return [_place(Path(draft) / name, root / name) for name in wanted.names]


def _generate(draft: Path, wanted: Wanted) -> None:
    """Run the program that imports scikit-learn, which this process must not."""
    command = [sys.executable, "-m", "distillation.management.demo.digits", str(draft), *wanted.names]
    command += ["--scenes", *map(str, wanted.scenes), "--scene-size", str(wanted.scene_size)]
    if wanted.aeon is not None:
        command += ["--aeon", str(wanted.aeon.resolve())]
    try:
        subprocess.run(command, cwd=settings.BASE_DIR, check=True, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.CalledProcessError as error:
        raise CommandError(f"The data sets could not be written:\n{error.stderr[-2000:]}") from error
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"Writing the data sets took longer than {SECONDS} s.") from error


def _place(made: Path, target: Path) -> Made:
    files = _content(made)
    try:
        made.rename(target)  # fails on a folder with content, whoever made it and when
    except OSError as error:
        if not target.exists():
            raise CommandError(f"{target} cannot be written: {error}") from error
        same = target.is_dir() and _content(target) == files
        return Made(target.name, "unchanged" if same else "different", len(files))
    target.chmod(0o755)
    return Made(target.name, "written", len(files))


def _content(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in _files(root)}


def _files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file())
