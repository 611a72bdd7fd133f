"""LabelMe, version 5: a JSON file for each picture; what a classifier says is a flag of the picture."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from distillation.datasets.writing.labels import Label, LabelledPicture

VERSION = "5.5.0"
"""Of the shape of the file; LabelMe compares the major number."""
MOST_FLAGS = 100
"""Of a classifier with more classes only the class found is a flag."""


def document(picture: LabelledPicture, classes: Sequence[str], image_path: str, *, flags: bool) -> bytes:
    """The file for one picture; ``image_path`` leads from the file to the picture, ``flags``: it was classified.

    The score stands in the description, which LabelMe shows and keeps, and as a number beside it, which it keeps.
    """
    content = {
        "version": VERSION,
        "flags": _flags(picture, classes) if flags else {},
        "shapes": [_shape(label, classes) for label in picture.labels if label.box],
        "imagePath": image_path,
        "imageData": None,
        "imageHeight": picture.height,
        "imageWidth": picture.width,
    }
    return json.dumps(content, ensure_ascii=False, indent=2).encode()


def _flags(picture: LabelledPicture, classes: Sequence[str]) -> dict[str, bool]:
    every = dict.fromkeys(classes, False) if len(classes) <= MOST_FLAGS else {}
    return every | {classes[label.number]: True for label in picture.labels if label.box is None}


def _shape(label: Label, classes: Sequence[str]) -> dict[str, Any]:
    left, top, right, bottom = label.box or (0, 0, 0, 0)
    return {
        "label": classes[label.number],
        "points": label.points or [[left, top], [right, bottom]],
        "group_id": None,
        "description": f"score {label.score:.4f}",
        "shape_type": "polygon" if label.outline else "rectangle",
        "flags": {},
        "score": label.score,
    }
