"""Lists of class names in a data set's root: ``labelmap.txt`` (CVAT), ``classes.txt``, ``labels.txt`` (LabelMe)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from distillation.datasets import layout
from distillation.datasets.text_files import lines, read_text

MAX_BYTES = 8 << 20
LISTS = ("classes.txt", "class_names.txt", "labels.txt")
_IGNORED = "__ignore__"


@dataclass(frozen=True, slots=True)
class LabelMap:
    """Class names in their order."""

    names: tuple[str, ...]
    colours: tuple[int, ...] | None
    """Of each class in masks as ``0xRRGGBB``; None where the list gives none."""


def read_label_map(root: Path) -> LabelMap | None:
    """Read the list of classes in ``root``; None when there is none. Raises Refused."""
    if (path := root / "labelmap.txt").is_file():
        return _with_colours(read_text(layout.require_inside(path, root), MAX_BYTES))
    for name in LISTS:
        if (path := root / name).is_file():
            names = lines(read_text(layout.require_inside(path, root), MAX_BYTES))
            names = [name for name in names if name != _IGNORED]
            return LabelMap(tuple(names), None) if names else None
    return None


def _with_colours(text: str) -> LabelMap | None:
    """Lines ``name:r,g,b:parts:actions``; a line with ``#`` is a comment."""
    names, colours = [], []
    for line in lines(text):
        if line.startswith("#"):
            continue
        name, _, rest = line.partition(":")
        names.append(name)
        colours.append(_colour(rest.partition(":")[0]))
    if not names:
        return None
    known = tuple(colour for colour in colours if colour is not None)
    return LabelMap(tuple(names), known if len(known) == len(names) else None)


def _colour(text: str) -> int | None:
    parts = text.split(",")
    if len(parts) != 3 or not all(part.strip().isascii() and part.strip().isdigit() for part in parts):
        return None
    red, green, blue = (min(int(part), 255) for part in parts)
    return red << 16 | green << 8 | blue
