"""Which samples are shown, and when an answer counts as right."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from distillation.datasets.samples import IGNORED, Sample
from distillation.engine.detection.matching import FoundBoxes, TrueBoxes
from distillation.engine.examples import detected
from distillation.engine.examples.classified import ClassifiedGallery
from distillation.engine.examples.gallery import RIGHT, WRONG, Material, chosen
from distillation.engine.examples.segmented import SegmentedGallery


@pytest.mark.parametrize(
    ("right", "wrong", "shown_right", "shown_wrong"),
    [(100, 50, 8, 8), (100, 3, 13, 3), (5, 90, 5, 11), (0, 40, 0, 16), (40, 0, 16, 0), (2, 3, 2, 3), (0, 1, 0, 1)],
)
def test_half_of_the_chosen_are_wrong_where_there_are(right: int, wrong: int, shown_right: int, shown_wrong: int):
    flags = np.random.default_rng(0).permutation([True] * right + [False] * wrong)
    places = chosen(flags)
    assert (flags[places].sum(), (~flags[places]).sum()) == (shown_right, shown_wrong)
    assert len(set(places.tolist())) == len(places)
    assert (np.sort(places) == places).all()
    assert (places == chosen(flags)).all()


def test_the_chosen_are_spread_over_all():
    assert chosen(np.ones(1000, np.bool_))[[0, -1]].tolist() == [0, 999]


def material(folder: Path, width: int = 40, height: int = 20) -> Material:
    """One white picture."""
    path = folder / "a.png"
    Image.new("RGB", (width, height), "white").save(path)
    return Material([(path, Sample("a.png", 1, 1, 0))], np.zeros((1, 3, 8, 8), np.uint8), np.array([0]), ("x", "猫"))


@pytest.mark.parametrize(("true", "colour"), [(1, RIGHT), (0, WRONG)])
def test_a_classified_picture_has_a_frame_in_the_colour_of_right_or_wrong(tmp_path: Path, true: int, colour: Any):
    gallery = ClassifiedGallery(material(tmp_path), np.array([true]))
    logits = torch.tensor([[0.0, 2.0]])
    assert gallery.right(logits, np.array([0])).tolist() == [true == 1]
    example = gallery.example(logits, 0, 0)
    assert example.prediction == {"class": "猫", "probability": 0.8808}
    assert example.drawing.getpixel((example.drawing.width - 1, example.drawing.height - 1)) == colour
    assert example.drawing.width == 400  # a small picture is enlarged


BOX = [1.0, 1.0, 5.0, 5.0]


@pytest.mark.parametrize(
    ("found", "labels", "right"),
    [([BOX], [0], True), ([BOX], [1], False), ([], [], False), ([BOX, [6, 6, 8, 8]], [0, 0], False),
     ([[4, 4, 8, 8]], [0], False)],
)  # fmt: skip
def test_every_object_must_be_found_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: list, labels: list, right: bool
):
    boxes = FoundBoxes(
        np.array(found, np.float32).reshape(-1, 4), np.ones(len(found), np.float32), np.array(labels, int)
    )
    monkeypatch.setattr(detected, "_found", lambda answers: [boxes])
    objects = {0: TrueBoxes(np.array([BOX], np.float32), np.array([0]))}
    gallery = detected.DetectedGallery(material(tmp_path), objects, np.array([[40, 20]], np.int32))
    nothing: Any = SimpleNamespace()
    assert gallery.right(nothing, np.array([0])).tolist() == [right]
    example = gallery.example(nothing, 0, 0)
    # The square of 8 pixels holds the picture of 40 × 20 from its third line on.
    assert example.truth == [{"class": "x", "box": [5.0, 0.0, 25.0, 15.0]}]
    assert [entry["class"] for entry in example.prediction] == ["x猫"[label] for label in labels]


@pytest.mark.parametrize(("columns", "right"), [(5, True), (1, False)])
def test_a_segmented_picture_is_right_by_its_mean_iou(tmp_path: Path, columns: int, right: bool):
    truth = np.zeros((1, 8, 8), np.uint8)
    truth[:, :, 4:], truth[:, :2], truth[:, 6:] = 1, IGNORED, IGNORED
    logits = torch.zeros(1, 2, 8, 8)
    logits[:, 1, :, 8 - columns :] = 9
    gallery = SegmentedGallery(material(tmp_path), truth, np.array([[40, 20]], np.int32))
    assert gallery.right(logits, np.array([0])).tolist() == [right]
    example = gallery.example(logits, 0, 0)
    assert example.truth == {"shares": {"x": 0.5, "猫": 0.5}}
    assert example.prediction["shares"]["猫"] == columns / 8
    left, gap = example.drawing.getpixel((390, 20)), example.drawing.getpixel((402, 20))
    assert left != (255, 255, 255) == gap
