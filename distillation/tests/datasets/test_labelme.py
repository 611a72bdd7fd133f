"""LabelMe files beside their pictures or elsewhere, from this machine or another one."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from distillation.contract.sentence import Refused
from distillation.datasets import class_maps, coco, labelme
from distillation.tests.datasets.annotated import (
    SIDEWAYS,
    counts,
    document,
    every,
    marked,
    picture,
    sentence,
    text,
)

CORNERS = [[30, 15], [10, 5]]
"""A rectangle as it was drawn: from the lower right to the upper left corner."""
TRIANGLE = [[10, 5], [30, 5], [10, 15]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "set"


def shape(label: Any = "cat", points: Any = CORNERS, kind: Any = "rectangle", **values: Any) -> dict[str, Any]:
    return {"label": label, "points": points, "shape_type": kind, "group_id": None, "flags": {}, **values}


def annotate(path: Path, image: str, *shapes: Any, size: tuple[int, int] = (40, 20), encoding: str = "utf-8") -> None:
    value = {"version": "5.5.0", "flags": {}, "shapes": list(shapes or (shape(),)), "imagePath": image}
    width, height = size
    document(path, {**value, "imageData": None, "imageHeight": height, "imageWidth": width}, encoding)


def write(root: Path, *names: str) -> None:
    for name in names:
        picture(root / f"{name}.jpg")
        annotate(root / f"{name}.json", f"{name}.jpg")


def test_files_beside_their_pictures_are_read(root: Path):
    write(root, "a", "深/图 1")
    assert labelme.applies(root, "detection")
    assert not coco.applies(root, "detection")
    data = labelme.read(root, None, "detection")
    assert data.classes == ("cat",)
    assert marked(data, "深/图 1.jpg") == [("cat", [10, 5, 30, 15])]
    assert not data.findings


@pytest.mark.parametrize(
    "given",
    [
        "..\\images\\图 1.jpg",
        "../images/图 1.jpg",
        "D:\\标注\\图 1.jpg",
        "/home/someone/图 1.jpg",
        "图 1.jpg",
        "renamed.png",
        None,
    ],
)
def test_a_picture_elsewhere_is_found_by_its_name_or_that_of_the_file(root: Path, given: Any):
    picture(root / "images" / "图 1.jpg")
    annotate(root / "labels" / "图 1.json", given)
    picture(root / "images" / "b.jpg")
    annotate(root / "labels" / "b.json", "b.jpg")
    assert labelme.applies(root, "detection")
    data = labelme.read(root, None, "detection")
    assert set(every(data)) == {"images/图 1.jpg", "images/b.jpg"}
    assert not data.findings


@pytest.mark.parametrize("encoding", ["gbk", "utf-8-sig", "gb18030"])
def test_other_encodings_are_read(root: Path, encoding: str):
    for name in ("车", "b"):
        picture(root / f"{name}.jpg")
        annotate(root / f"{name}.json", f"{name}.jpg", shape("货车"), encoding=encoding)
    assert labelme.read(root, None, "detection").classes == ("货车",)


def test_folders_decide_what_is_for_what_and_a_list_gives_the_classes(root: Path):
    write(root, "train/a", "val/b")
    annotate(root / "val" / "b.json", "b.jpg", shape(), shape("bird"))
    text(root / "labels.txt", "__ignore__\ndog\ncat\n")
    data = labelme.read(root, None, "detection")
    assert data.classes == ("dog", "cat")
    assert [sample.path for sample in data.val] == ["val/b.jpg"]
    assert counts(data) == {"unknown_class": 1}
    assert "val/b.json#2 (bird)" in sentence(data, "unknown_class")


def png(mask: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(mask).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_polygons_rectangles_circles_and_brushed_masks_are_drawn(root: Path):
    brushed = np.zeros((4, 6), dtype=bool)
    brushed[1:3, 1:5] = True
    annotate(
        root / "a.json",
        "a.jpg",
        shape("a", TRIANGLE, "polygon"),
        shape("b", [[34, 4], [34, 8]], "circle"),
        shape("c", [[0, 15], [5, 18]], "mask", mask=png(brushed)),
        shape("d", [[35, 15], [39, 19]], "rectangle"),
    )
    picture(root / "a.jpg")
    write(root, "b")
    data = labelme.read(root, None, "segmentation")
    assert data.classes == ("background", "a", "b", "c", "cat", "d")
    drawn = class_maps.class_map(root, every(data)["a.jpg"], (40, 20), 6)
    pixels = np.bincount(drawn.ravel(), minlength=6)
    assert pixels[1] == pytest.approx(100, abs=6), "half of 20 × 10"
    assert pixels[2] == pytest.approx(np.pi * 16, abs=4)
    assert drawn[4, 34] == 2
    np.testing.assert_array_equal(drawn[15:19, 0:6] == 3, brushed)
    assert pixels[5] == 16
    assert marked(data, "a.jpg")[2] == ("c", [1, 16, 5, 18])
    assert counts(data) == {"rectangle": 2}


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        ("unsupported_shape", shape(kind="line")),
        ("unsupported_shape", shape(kind="point", points=[[1, 1]])),
        ("malformed", "text"),
        ("malformed", shape(label=None)),
        ("malformed", shape(label="  ")),
        ("malformed", shape(points=None)),
        ("malformed", shape(points=[["1", "2"], [3, 4]])),
        ("malformed", shape(points=[[1, 2, 3], [3, 4, 5]])),
        ("malformed", shape(kind="mask", mask="?")),
        ("malformed", shape(kind="mask")),
        ("out_of_range", shape(kind="mask", mask=png(np.ones((30, 30), dtype=bool)))),
        ("not_a_number", shape(points=[[float("nan"), 2], [3, 4]])),
        ("not_a_number", shape(points=[[1, 2], [3, 10**400]])),
        ("zero_area", shape(points=[[5, 5], [5, 15]])),
        ("zero_area", shape(kind="polygon")),
        ("out_of_range", shape(points=[[100, 100], [120, 120]])),
        ("clipped", shape(points=[[30, 5], [48, 15]])),
    ],
)
def test_bad_shapes_are_counted_and_named(root: Path, kind: str, bad: Any):
    write(root, "a", "b")
    annotate(root / "b.json", "b.jpg", shape(), bad)
    data = labelme.read(root, None, "detection")
    assert counts(data) == {kind: 1}
    assert "b.json#2" in sentence(data, kind)


@pytest.mark.parametrize("content", ["", "{", "[" * 100_000, "[]", '{"shapes": {}}', '{"shapes": ' + "9" * 9999 + "}"])
def test_hostile_files_are_counted_and_left_out(root: Path, content: str):
    write(root, "a", "b", "in/bad")
    text(root / "in" / "bad.json", content)
    data = labelme.read(root, None, "detection")
    assert counts(data) == {"unreadable_label": 1}
    assert len(every(data)) == 2


def test_a_set_without_its_pictures_or_without_objects_is_refused_with_the_reason(root: Path):
    for name in "abc":
        annotate(root / f"{name}.json", f"{name}.jpg")
    with pytest.raises(Refused, match=r"Found wrong: 3 annotated pictures were not found"):
        labelme.read(root, None, "detection")
    for name in "abc":
        picture(root / f"{name}.jpg")
        document(root / f"{name}.json", {"imagePath": f"{name}.jpg", "shapes": []})
    with pytest.raises(Refused, match="has no class"):
        labelme.read(root, None, "detection")


def test_sizes_are_those_of_the_upright_picture(root: Path):
    write(root, "a", "b")
    for name, size in {"upright": (20, 40), "stored": (40, 20)}.items():
        picture(root / f"{name}.jpg", 40, 20, SIDEWAYS)
        annotate(root / f"{name}.json", f"{name}.jpg", shape(points=[[1, 25], [9, 39]]), size=size)
    data = labelme.read(root, None, "detection")
    assert marked(data, "upright.jpg") == [("cat", [1, 25, 9, 39])]
    assert counts(data) == {"size_differs": 1}
