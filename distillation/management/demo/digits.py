"""Write the demo's data sets, most of them made of the handwritten digits of scikit-learn.

A program of its own (``python -m distillation.management.demo.digits <folder> <name> …``): it alone imports
scikit-learn, and nothing imports it. The same 540 digits are held out everywhere, as in benchmarks/.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from distillation.contract import demo_texts
from distillation.management.demo import scene_files, ts_files, waves
from distillation.management.demo.names import DIGITS, ITALY_POWER, SCENES, WAVES

TO_LEARN, HELD_OUT = 1257, 540
LABELLED = 100
DARKEST = 16
"""scikit-learn's digits have 17 grey levels, 0 to 16."""

ORIGIN = {
    "source": "scikit-learn load_digits (UCI Optical Recognition of Handwritten Digits, test part), 8×8 pixels",
    "licence": "BSD-3-Clause, as shipped with scikit-learn",
}
ABOUT = {
    "digits": {
        "name": "手写数字（全部标注）",
        "description": demo_texts.DIGITS.format(labelled=TO_LEARN, held_out=HELD_OUT),
        **ORIGIN,
    },
    "digits-100": {
        "name": "手写数字（100 张标注）",
        "description": demo_texts.DIGITS_FEW.format(labelled=LABELLED, all=TO_LEARN, held_out=HELD_OUT),
        **ORIGIN,
    },
}


def main() -> None:
    """Write the data sets that are named, which must not be there yet."""
    parser = argparse.ArgumentParser()
    parser.add_argument("target", type=Path)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--scenes", type=int, nargs=3, required=True, help="train, val, unlabeled")
    parser.add_argument("--scene-size", type=int, required=True)
    parser.add_argument("--aeon", type=Path, help="the folder or wheel with ItalyPowerDemand")
    asked = parser.parse_args()
    pixels, labels = load_digits(return_X_y=True)
    pictures = np.rint(pixels.reshape(-1, 8, 8) * 255 / DARKEST).astype(np.uint8)
    train, held_out = train_test_split(np.arange(len(labels)), test_size=HELD_OUT, random_state=0, stratify=labels)
    if not set(DIGITS).isdisjoint(asked.names):
        _write_folders(asked.target, asked.names, pictures, labels, train, held_out)
    if wanted := [name for name in SCENES if name in asked.names]:
        pools = [(pictures[rows], labels[rows]) for rows in (train, held_out, train)]
        scene_files.write(asked.target, wanted, pools, tuple(asked.scenes), asked.scene_size, ORIGIN)
    if WAVES in asked.names:
        _describe(asked.target / WAVES, waves.write(asked.target / WAVES))
    if ITALY_POWER in asked.names:
        _describe(asked.target / ITALY_POWER, ts_files.write(asked.target / ITALY_POWER, asked.aeon))


def _write_folders(
    target: Path, names: list[str], pictures: np.ndarray, labels: np.ndarray, train: np.ndarray, held_out: np.ndarray
) -> None:
    known, unknown = train_test_split(train, train_size=LABELLED, random_state=0, stratify=labels[train])
    for name, labelled, unlabelled in (("digits", train, ()), ("digits-100", known, unknown)):
        if name not in names:
            continue
        root = target / name
        for split, rows in (("train", labelled), ("val", held_out)):
            for row in rows:
                _write(root / split / str(labels[row]), pictures, row)
        for row in unlabelled:
            _write(root / "unlabeled", pictures, row)
        _describe(root, ABOUT[name])


def _write(folder: Path, pictures: np.ndarray, row: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pictures[row]).save(folder / f"{row:04d}.png")


def _describe(root: Path, about: dict[str, str]) -> None:
    (root / "dataset.json").write_text(json.dumps(about, ensure_ascii=False, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
