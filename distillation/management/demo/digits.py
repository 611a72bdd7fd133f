"""Write the handwritten digits of scikit-learn as two data sets of PNG files.

A program of its own (``python -m distillation.management.demo.digits <folder>``): it alone imports scikit-learn,
and nothing imports it. The splits are those of benchmarks/: the same 540 digits are held out everywhere.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

HELD_OUT = 540
LABELLED = 100
DARKEST = 16
"""scikit-learn's digits have 17 grey levels, 0 to 16."""

_ORIGIN = {
    "source": "scikit-learn load_digits (UCI Optical Recognition of Handwritten Digits, test part), 8×8 pixels",
    "licence": "BSD-3-Clause, as shipped with scikit-learn",
}
ABOUT = {
    "digits": {
        "name": "手写数字（全部标注）",
        "description": "Handwritten digits, all 1257 training pictures labelled; 540 held out.",
        **_ORIGIN,
    },
    "digits-100": {
        "name": "手写数字（100 张标注）",
        "description": "Handwritten digits, 100 of 1257 training pictures labelled, the others in unlabeled/; "
        "the same 540 held out.",
        **_ORIGIN,
    },
}


def main(target: Path) -> None:
    """Write ``digits`` and ``digits-100`` below ``target``, which must not hold them yet."""
    pixels, labels = load_digits(return_X_y=True)
    pictures = np.rint(pixels.reshape(-1, 8, 8) * 255 / DARKEST).astype(np.uint8)
    train, held_out = train_test_split(np.arange(len(labels)), test_size=HELD_OUT, random_state=0, stratify=labels)
    known, unknown = train_test_split(train, train_size=LABELLED, random_state=0, stratify=labels[train])
    for name, labelled, unlabelled in (("digits", train, ()), ("digits-100", known, unknown)):
        root = target / name
        for split, rows in (("train", labelled), ("val", held_out)):
            for row in rows:
                _write(root / split / str(labels[row]), pictures, row)
        for row in unlabelled:
            _write(root / "unlabeled", pictures, row)
        (root / "dataset.json").write_text(json.dumps(ABOUT[name], ensure_ascii=False, indent=2) + "\n", "utf-8")


def _write(folder: Path, pictures: np.ndarray, row: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pictures[row]).save(folder / f"{row:04d}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
