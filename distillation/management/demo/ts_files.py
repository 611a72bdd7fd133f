"""ItalyPowerDemand of the UCR archive as a sequence data set, from the .ts files that the package aeon ships.

aeon itself is never imported and need not be installed: its wheel is read as a zip file.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from distillation.contract import demo_texts

PROBLEM = "ItalyPowerDemand"
ABOUT = {
    "name": "意大利用电（ItalyPowerDemand）",
    "description": demo_texts.ITALY_POWER,
    "source": "UCR Time Series Archive, as shipped with the PyPI package aeon",
    "licence": "BSD-3-Clause (aeon)",
}


def write(root: Path, source: Path) -> dict[str, str]:
    """Write ``train.npz`` and ``val.npz`` from a folder or an aeon wheel; return what to say about them."""
    root.mkdir(parents=True)
    for part, split in (("TRAIN", "train"), ("TEST", "val")):
        values, labels = parse(_text(source, f"{PROBLEM}_{part}.ts").splitlines())
        np.savez(root / f"{split}.npz", x=values, y=labels)
    return ABOUT


def parse(lines: Iterable[str]) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """Read series of equal length: float32 ``[n, T, F]`` and labels ``[n]``. Raises ValueError for others.

    After ``@data`` a line is a series: its features separated by colons, the label last.
    """
    rows = iter(lines)
    for line in rows:
        if line.strip().lower() == "@data":
            break
    series, labels = [], []
    for line in rows:
        if line.strip():
            *features, label = line.strip().split(":")
            series.append(np.array([feature.split(",") for feature in features], np.float32).T)
            labels.append(label)
    return np.stack(series), np.array(labels)


def _text(source: Path, name: str) -> str:
    if source.is_dir():
        found = sorted(source.rglob(name))
        if not found:
            raise SystemExit(f"{source} holds no {name}.")
        return found[0].read_text("utf-8")
    with zipfile.ZipFile(source) as wheel:
        members = [member for member in wheel.namelist() if member.endswith(f"/{name}")]
        if not members:
            raise SystemExit(f"{source} holds no {name}.")
        return wheel.read(members[0]).decode("utf-8")
