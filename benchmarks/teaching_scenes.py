"""Scenes of photo cut-outs for ``teaching.py``: one to four things in a picture, with their boxes, as YOLO writes them.

Things and grounds are those of ``teaching_photos``; the cut-outs of the held-out scenes are in no scene to learn from.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from teaching_data import HELD_OUT_SCENES, SCENES
from teaching_photos import FOLDERS, LEARNED_SHARE, SIDE, background, cut_outs, turned

from distillation.management.demo.scene_files import SHARE_LABELLED, yolo_lines
from distillation.management.demo.scenes import free_place

MOST = 4
SIZES = (0.3, 0.6)
"""The longer side of a thing as a share of the scene's."""
OPAQUE = 128
"""Opacity, of 255, from which a pixel belongs to the thing."""


def photo_scenes(home: Path) -> None:
    """``photo-scenes`` with all labels, and ``photo-scenes-10``: the same with labels on a tenth of the scenes."""
    labelled = {"photo-scenes": SCENES, "photo-scenes-10": round(SHARE_LABELLED * SCENES)}
    if all((home / "datasets" / name).is_dir() for name in labelled):
        return
    drafts = {home / "datasets" / f".{name}": known for name, known in labelled.items()}
    chance = np.random.Generator(np.random.PCG64(0))
    learned, held_out = _split(chance)
    for split, things, count in (("train", learned, SCENES), ("val", held_out, HELD_OUT_SCENES)):
        for number in range(count):
            picture, lines = _scene(things, chance)
            for draft, known in drafts.items():
                shown = split == "val" or number < known
                _place(draft, split, f"{split}-{number:03d}", picture, lines if shown else None)
    listed = "".join(f"  {number}: {label}\n" for number, label in enumerate(FOLDERS))
    for draft in drafts:
        (draft / "data.yaml").write_text(f"train: images/train\nval: images/val\nnames:\n{listed}", "utf-8")
        draft.rename(draft.with_name(draft.name.removeprefix(".")))


def _split(chance: np.random.Generator) -> tuple[list[list[Image.Image]], list[list[Image.Image]]]:
    """Of each class the cut-outs to learn from, and those held out."""
    learned, held_out = [], []
    for label in FOLDERS:
        things = cut_outs(label)
        order = [things[row] for row in chance.permutation(len(things))]
        known = round(LEARNED_SHARE * len(order))
        learned.append(order[:known])
        held_out.append(order[known:])
    return learned, held_out


def _scene(things: Sequence[Sequence[Image.Image]], chance: np.random.Generator) -> tuple[Image.Image, str]:
    """Things of any classes that hardly cover each other, and their boxes; one without room left is left out."""
    picture = background(chance)
    labels: list[int] = []
    boxes: list[tuple[int, int, int, int]] = []
    for label in chance.integers(len(things), size=chance.integers(1, MOST + 1)).tolist():
        cut_out = things[label][int(chance.integers(len(things[label])))]
        thing = turned(cut_out, SIZES, chance)
        thing = thing.crop(thing.getchannel("A").point(lambda opacity: 255 * (opacity >= OPAQUE)).getbbox())
        place = free_place(chance, (thing.height, thing.width), boxes, SIDE)
        if place is not None:
            picture.paste(thing, place[:2], thing)
            labels.append(label)
            boxes.append(place)
    return picture, yolo_lines(np.array(labels), np.array(boxes), SIDE)


def _place(root: Path, split: str, name: str, picture: Image.Image, lines: str | None) -> None:
    """Without lines the picture has no label, and is for the teacher alone."""
    folder = root / "unlabeled" if lines is None else root / "images" / split
    folder.mkdir(parents=True, exist_ok=True)
    picture.save(folder / f"{name}.png")
    if lines is not None:
        (root / "labels" / split).mkdir(parents=True, exist_ok=True)
        (root / "labels" / split / f"{name}.txt").write_text(lines, "utf-8")
