"""Writes small annotated data sets as annotation tools leave them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from distillation.datasets.samples import DataSet, Objects, Sample

SIDEWAYS = 6
"""EXIF orientation of a picture that was taken with the camera turned."""


def picture(path: Path, width: int = 40, height: int = 20, orientation: int | None = None) -> Path:
    """Save a picture of noise that differs for each file name; ``width`` and ``height`` are those stored."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = int.from_bytes(path.as_posix().encode()[-12:], "big")
    pixels = np.random.Generator(np.random.PCG64(seed)).integers(0, 256, (height, width, 3), dtype=np.uint8)
    exif = Image.Exif()
    if orientation is not None:
        exif[0x112] = orientation
    Image.fromarray(pixels).save(path, exif=exif)
    return path


def text(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode(encoding))
    return path


def document(path: Path, value: Any, encoding: str = "utf-8") -> Path:
    return text(path, json.dumps(value, ensure_ascii=False), encoding)


def mask(path: Path, values: np.ndarray, palette: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(values.astype(np.uint8))
    if palette:
        image = image.convert("P")
        image = Image.fromarray(values.astype(np.uint8)).copy()
        image.putpalette([channel for index in range(256) for channel in (255 - index, index, 7)])
    image.save(path)
    return path


def every(data: DataSet) -> dict[str, Sample]:
    """Labelled samples of both splits by path."""
    return {sample.path: sample for sample in (*data.train, *data.val)}


def marked(data: DataSet, path: str) -> list[tuple[str, list[float]]]:
    """Class names and boxes of one picture."""
    target = every(data)[path].target
    assert isinstance(target, Objects)
    boxes = np.round(target.boxes.astype(float), 3).tolist()
    return [(data.classes[label], box) for label, box in zip(target.labels.tolist(), boxes, strict=True)]


def counts(data: DataSet) -> dict[str, int]:
    """Findings by kind."""
    return {finding.kind: finding.count for finding in data.findings}


def sentence(data: DataSet, kind: str) -> str:
    return next(finding.sentence.english() for finding in data.findings if finding.kind == kind)
