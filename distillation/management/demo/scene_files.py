"""Write scenes of digits as data sets: YOLO boxes with all labels or a tenth of them, and class maps.

All hold the same pictures. The digits in the validation scenes occur in no other scene.
"""

from __future__ import annotations

import colorsys
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from distillation.contract import demo_texts
from distillation.management.demo.scenes import Scene, compose

SEED = 1
SHARE_LABELLED = 0.1
CLASSES = tuple("0123456789")
_SPLITS = ("train", "val", "unlabeled")
_NAMES = {
    "digit-scenes": "数字场景（检测）",
    "digit-scenes-10": "数字场景（检测，10% 标注）",
    "digit-scenes-masks": "数字场景（分割）",
}
_MAPS = frozenset({"digit-scenes-masks"})

Pool = tuple[NDArray[np.uint8], NDArray[np.int64]]
"""Digits ``[m, 8, 8]`` and their labels ``[m]``."""


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    split: str
    name: str
    png: bytes
    scene: Scene


def write(
    target: Path, names: Sequence[str], pools: Sequence[Pool], counts: Sequence[int], size: int, origin: dict[str, str]
) -> None:
    """Write the data sets ``names`` below ``target``; ``pools`` and ``counts`` are for train, val and unlabeled."""
    labelled = {name: counts[0] if name != "digit-scenes-10" else _tenth(counts[0]) for name in names}
    for split, (digits, labels), count in zip(_SPLITS, pools, counts, strict=True):
        for number in range(count):
            scene = compose(digits, labels, (SEED, _SPLITS.index(split), number), size)
            drawn = _Drawn(split, f"{split}-{number:05d}", _png(Image.fromarray(scene.pixels)), scene)
            for name in names:
                known = split == "val" or (split == "train" and number < labelled[name])
                _place(target / name, drawn, known, name in _MAPS)
    for name in names:
        _finish(target / name, name, labelled[name], counts, origin)


def _tenth(count: int) -> int:
    return max(1, round(SHARE_LABELLED * count))


def _place(root: Path, drawn: _Drawn, known: bool, maps: bool) -> None:
    if not known:
        _write(root / "unlabeled" / f"{drawn.name}.png", drawn.png)
        return
    _write(root / "images" / drawn.split / f"{drawn.name}.png", drawn.png)
    if maps:
        _write(root / "masks" / drawn.split / f"{drawn.name}.png", _class_map_png(drawn.scene))
    else:
        _write(
            root / "labels" / drawn.split / f"{drawn.name}.txt",
            yolo_lines(drawn.scene.labels, drawn.scene.boxes, drawn.scene.pixels.shape[0]).encode(),
        )


def yolo_lines(labels: NDArray[np.int64], boxes: NDArray[np.int64], size: int) -> str:
    """``class x y width height`` a line, in shares of the scene's side."""
    lines = []
    for label, (left, top, right, bottom) in zip(labels, boxes / size, strict=True):
        lines.append(f"{label} {(left + right) / 2:.6f} {(top + bottom) / 2:.6f} {right - left:.6f} {bottom - top:.6f}")
    return "\n".join(lines) + "\n"


def _class_map_png(scene: Scene) -> bytes:
    image = Image.fromarray(scene.class_map, "P")
    hues = [colorsys.hsv_to_rgb(number / len(CLASSES), 0.8, 1.0) for number in range(len(CLASSES))]
    image.putpalette([0, 0, 0, *(round(255 * value) for hue in hues for value in hue)])
    return _png(image)


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _finish(root: Path, name: str, labelled: int, counts: Sequence[int], origin: dict[str, str]) -> None:
    if name in _MAPS:
        (root / "classes.txt").write_text("\n".join(("background", *CLASSES)) + "\n", "utf-8")
    else:
        listed = "".join(f'  {number}: "{digit}"\n' for number, digit in enumerate(CLASSES))
        (root / "data.yaml").write_text(f"train: images/train\nval: images/val\nnames:\n{listed}", "utf-8")
    about = {
        "name": _NAMES[name],
        "description": demo_texts.SCENES.format(
            labelled=labelled, unlabelled=counts[0] - labelled + counts[2], held_out=counts[1]
        ),
        **origin,
    }
    (root / "dataset.json").write_text(json.dumps(about, ensure_ascii=False, indent=2) + "\n", "utf-8")
