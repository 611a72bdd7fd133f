"""YOLO: a text file for each picture, and ``data.yaml`` with the names of the classes."""

from __future__ import annotations

import json
from collections.abc import Sequence

from distillation.datasets.writing.labels import LabelledPicture


def document(picture: LabelledPicture) -> bytes:
    """Lines ``class x y width height``, or ``class x1 y1 x2 y2 …`` of a polygon; empty where nothing was found.

    In shares of the upright picture, without the score: a sixth figure is not read by every training program.
    """
    lines = []
    for label in picture.labels:
        if label.outline:
            shares = " ".join(f"{x / picture.width:.6f} {y / picture.height:.6f}" for x, y in label.points)
            lines.append(f"{label.number} {shares}\n")
        elif label.box is not None:
            left, top, right, bottom = label.box
            across, down = (left + right) / 2 / picture.width, (top + bottom) / 2 / picture.height
            wide, high = (right - left) / picture.width, (bottom - top) / picture.height
            lines.append(f"{label.number} {across:.6f} {down:.6f} {wide:.6f} {high:.6f}\n")
    return "".join(lines).encode()


def settings(classes: Sequence[str]) -> bytes:
    """``data.yaml``; a text in JSON's quotes is one in YAML too, whatever a class is called."""
    names = "".join(f"  {number}: {json.dumps(name, ensure_ascii=False)}\n" for number, name in enumerate(classes))
    return f"train: images\nnames:\n{names}".encode()


def names(classes: Sequence[str]) -> bytes:
    """``classes.txt``, one name a line, for labelImg and Label Studio."""
    return "".join(f"{' '.join(name.split())}\n" for name in classes).encode()
