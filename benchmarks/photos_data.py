"""Photos for ``photos.py``: JPEG files of 640 × 480, the same for the same number, as an image folder and as YOLO."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIZE = (640, 480)
CLASSES = ("ellipse", "rectangle")


def make(folder: Path, count: int) -> None:
    """``0.jpg`` … with a text file of YOLO labels beside each; those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        if not (folder / f"{number}.txt").exists():
            _photo(folder, number)


def image_folder(photos: Path, target: Path, train: int, val: int) -> None:
    """The first photos by the class of their first object; files are links to the photos."""
    for number in range(train + val):
        label = CLASSES[number % 2]
        _link(photos / f"{number}.jpg", target / ("train" if number < train else "val") / label)


def yolo(photos: Path, target: Path, train: int, val: int) -> None:
    """The first photos with boxes; files are links to the photos."""
    for number in range(train + val):
        split = "train" if number < train else "val"
        _link(photos / f"{number}.jpg", target / "images" / split)
        _link(photos / f"{number}.txt", target / "labels" / split)
    names = ", ".join(CLASSES)
    (target / "data.yaml").write_text(f"train: images/train\nval: images/val\nnames: [{names}]\n", encoding="utf-8")


def _link(file: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / file.name).exists():
        os.link(file, folder / file.name)


def _photo(folder: Path, number: int) -> None:
    """Smooth colours, four objects (the first of class number % 2), and grain, so that decoding costs what it does."""
    draw = np.random.Generator(np.random.PCG64(number))
    smooth = Image.fromarray(draw.integers(0, 256, (9, 12, 3), np.uint8)).resize(SIZE, Image.Resampling.BICUBIC)
    pen, lines = ImageDraw.Draw(smooth), []
    for place in range(4):
        label = (number + place) % 2
        width, height = draw.integers(60, 200, 2)
        left, top = draw.integers(0, SIZE[0] - width), draw.integers(0, SIZE[1] - height)
        box = [int(left), int(top), int(left + width), int(top + height)]
        (pen.ellipse if label == 0 else pen.rectangle)(box, fill=tuple(map(int, draw.integers(0, 256, 3))))
        middle = ((left + width / 2) / SIZE[0], (top + height / 2) / SIZE[1])
        lines.append(f"{label} {middle[0]:.6f} {middle[1]:.6f} {width / SIZE[0]:.6f} {height / SIZE[1]:.6f}")
    grain = draw.integers(-12, 13, (SIZE[1], SIZE[0], 1), np.int16)
    pixels = (np.asarray(smooth, np.int16) + grain).clip(0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(folder / f"{number}.jpg", quality=85)
    (folder / f"{number}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
