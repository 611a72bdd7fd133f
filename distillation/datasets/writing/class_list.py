"""A list of pictures and their classes as CSV, for people, spreadsheets and the reader of class lists."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import IO

from distillation.datasets.writing.labels import LabelledPicture


def write(file: IO[bytes], pictures: Iterable[LabelledPicture], classes: Sequence[str]) -> None:
    """Write ``file,label,probability``; without a label where none was sure enough. Raises OSError."""
    # The mark at the beginning tells spreadsheets that names are UTF-8.
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["file", "label", "probability"])
    for picture in pictures:
        best = picture.labels[0] if picture.labels else None
        rows.writerow([picture.path, *((classes[best.number], f"{best.score:.4f}") if best else ("", ""))])
    text.flush()
    text.detach()
