"""COCO: one JSON file for all pictures, written piece by piece so that it may be larger than memory."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, Any

import numpy as np

from distillation.datasets import contours
from distillation.datasets.writing.labels import LabelledPicture

Pictures = Callable[[], Iterable[LabelledPicture]]


def write(file: IO[bytes], pictures: Pictures, classes: Sequence[str], folder: str = "") -> None:
    """Write the file; ``pictures`` is asked twice and must give the same ones. Raises OSError.

    Ids begin at 1. Each annotation has its score, which results in this format have. ``folder`` precedes the names
    of pictures that lie below the file.
    """
    categories = [{"id": number, "name": name} for number, name in enumerate(classes, 1)]
    images = (
        {"id": number, "file_name": folder + picture.path, "width": picture.width, "height": picture.height}
        for number, picture in enumerate(pictures(), 1)
    )
    file.write(b'{"info": {}, "licenses": [],\n"categories": ')
    file.write(json.dumps(categories, ensure_ascii=False).encode())
    for name, elements in (("images", images), ("annotations", _annotations(pictures()))):
        file.write(f',\n"{name}": ['.encode())
        for place, element in enumerate(elements):
            file.write(b",\n" if place else b"\n")
            file.write(json.dumps(element, ensure_ascii=False).encode())
        file.write(b"]")
    file.write(b"}\n")


def _annotations(pictures: Iterable[LabelledPicture]) -> Iterator[dict[str, Any]]:
    ids = itertools.count(1)
    for number, picture in enumerate(pictures, 1):
        for label in picture.labels:
            if label.box is None:
                continue
            left, top, right, bottom = label.box
            wide, high = round(right - left, 2), round(bottom - top, 2)
            yield {
                "id": next(ids),
                "image_id": number,
                "category_id": label.number + 1,
                "bbox": [left, top, wide, high],
                "area": round(abs(contours.area(np.array(label.points))) if label.outline else wide * high, 2),
                **({"segmentation": [list(label.outline)]} if label.outline else {}),
                "iscrowd": 0,
                "score": label.score,
            }
