"""Data of ``teaching.py``: the demo's, ItalyPowerDemand of the package aeon, Fashion-MNIST of Debian."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
FASHION = Path("/usr/share/datasets/fashion-mnist")
AEON = "AEON_WHEEL"
POOL, HELD_OUT, LABELLED = 5000, 2000, 1000
"""Pictures of Fashion-MNIST to learn from, held out, and labelled of those to learn from."""
SCENES, HELD_OUT_SCENES = 600, 150


def demo(home: Path, *names: str, arguments: Iterable[str] = ()) -> None:
    """Data sets of ``manage.py create_demo_datasets``; those that are there stay."""
    command = [sys.executable, str(ROOT / "manage.py"), "create_demo_datasets", *names, *arguments]
    environment = os.environ | {"DISTILLATION_HOME": str(home)}
    subprocess.run(command, check=True, capture_output=True, text=True, env=environment)


def scenes(home: Path, side: int) -> None:
    """Scenes of digits: boxes with all labels and with a tenth of them, and class maps."""
    sizes = ("--scenes", str(SCENES), "--val-scenes", str(HELD_OUT_SCENES), "--unlabeled-scenes", "0")
    demo(home, "digit-scenes", "digit-scenes-10", "digit-scenes-masks",
         arguments=(*sizes, "--scene-size", str(side)))  # fmt: skip


def italy_power(home: Path) -> None:
    """Raises SystemExit without the package's wheel."""
    wheel = os.environ.get(AEON)
    if not wheel:
        raise SystemExit(f"Fetch the wheel with 'pip download --no-deps aeon' and name it: {AEON}=aeon-….whl")
    demo(home, "italy-power", arguments=("--aeon", wheel))


def fashion(home: Path) -> None:
    """``fashion`` with all labels and ``fashion-1000`` with a thousand. Raises SystemExit without the files."""
    if not FASHION.is_dir():
        raise SystemExit("Fashion-MNIST is missing: apt-get install dataset-fashion-mnist")
    if (home / "datasets" / "fashion-1000").is_dir():
        return
    pictures, labels = _idx("train-images-idx3", 16).reshape(-1, 28, 28), _idx("train-labels-idx1", 8)
    rows = np.random.Generator(np.random.PCG64(0)).permutation(len(labels))[:POOL]
    test, true = _idx("t10k-images-idx3", 16).reshape(-1, 28, 28)[:HELD_OUT], _idx("t10k-labels-idx1", 8)[:HELD_OUT]
    for name, known in (("fashion", POOL), ("fashion-1000", LABELLED)):
        draft = home / "datasets" / f".{name}"
        for place, row in enumerate(rows):
            folder = f"train/{labels[row]}" if place < known else "unlabeled"
            _save(draft / folder / f"{row:05d}.png", pictures[row])
        for row, picture in enumerate(test):
            _save(draft / f"val/{true[row]}" / f"{row:05d}.png", picture)
        draft.rename(home / "datasets" / name)


def _idx(name: str, head: int) -> NDArray[np.uint8]:
    return np.frombuffer(gzip.decompress((FASHION / f"{name}-ubyte.gz").read_bytes()), np.uint8, offset=head)


def _save(path: Path, picture: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)
