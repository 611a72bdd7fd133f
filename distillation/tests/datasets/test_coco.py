"""COCO files: one or one a split, foreign names, ids with gaps, polygons, run lengths, and hostile ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from distillation.contract.sentence import Refused
from distillation.datasets import class_maps, coco
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


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "set"


BOX = [10, 5, 20, 10]
"""Left, top, width, height: 10, 5, 30, 15."""


def image(number: Any, name: str, width: int = 40, height: int = 20) -> dict[str, Any]:
    return {"id": number, "file_name": name, "width": width, "height": height}


def annotation(image_id: Any, category: Any = 1, **values: Any) -> dict[str, Any]:
    return {"id": 7, "image_id": image_id, "category_id": category, "bbox": BOX, "iscrowd": 0, **values}


def file(*images: dict[str, Any], annotations: Any = None, categories: dict[Any, str] | None = None) -> dict[str, Any]:
    return {
        "info": {"year": 2026},
        "images": list(images),
        "annotations": [annotation(each["id"]) for each in images] if annotations is None else annotations,
        "categories": [{"id": key, "name": name} for key, name in (categories or {1: "cat"}).items()],
    }


def write(root: Path, *annotations: dict[str, Any], categories: dict[Any, str] | None = None) -> None:
    """Two pictures, ``a`` with an ordinary object, ``b`` with the ``annotations``."""
    for name in "ab":
        picture(root / "images" / f"{name}.png")
    images = image(1, "a.png"), image(2, "b.png")
    document(root / "result.json", file(*images, annotations=[annotation(1), *annotations], categories=categories))


@pytest.mark.parametrize("layout", ["coco", "roboflow", "flat"])
def test_one_file_a_split_is_read(root: Path, layout: str):
    train, val, train_json, val_json = {
        "coco": ("train2017", "val2017", "annotations/instances_train2017.json", "annotations/instances_val2017.json"),
        "roboflow": ("train", "valid", "train/_annotations.coco.json", "valid/_annotations.coco.json"),
        "flat": ("images/train", "images/val", "train.json", "val.json"),
    }[layout]
    picture(root / train / "0001.jpg")
    picture(root / val / "0001.jpg", 30, 30)
    document(root / train_json, file(image(1, "0001.jpg")))
    document(root / val_json, file(image(1, "0001.jpg", 30, 30)))
    text(root / "dataset.json", '{"name": "described"}')
    assert coco.applies(root, "detection")
    data = coco.read(root, None, "detection")
    assert [sample.path for sample in data.train] == [f"{train}/0001.jpg"]
    assert [sample.path for sample in data.val] == [f"{val}/0001.jpg"]
    assert marked(data, f"{train}/0001.jpg") == [("cat", [10, 5, 30, 15])]
    assert data.split == "given"
    assert not data.findings


@pytest.mark.parametrize(
    "name",
    [
        "b.png",
        "images/车 1/b.png",
        "/home/label-studio/data/upload/1/车 1/b.png",
        "C:\\照片\\车 1\\b.png",
        "../../车 1/b.png",
        "images/%E8%BD%A6%201/b.png",
        "B.PNG",
    ],
)
def test_pictures_are_found_by_name_whatever_folder_the_file_gives(root: Path, name: str):
    picture(root / "a.png")
    picture(root / "images" / "车 1" / "b.png")
    document(root / "instances_default.json", file(image(1, "a.png"), image(2, name)))
    data = coco.read(root, None, "detection")
    assert set(every(data)) == {"a.png", "images/车 1/b.png"}
    assert not data.findings


def test_a_name_that_fits_two_pictures_is_counted_and_a_folder_decides(root: Path):
    for folder in ("one", "two"):
        picture(root / folder / "a.png")
        picture(root / folder / "b.png")
    document(
        root / "all.json", file(image(1, "a.png"), image(2, "x/two/b.png"), image(3, "one/b.png"), image(4, "gone.png"))
    )
    data = coco.read(root, None, "detection")
    assert set(every(data)) == {"one/b.png", "two/b.png"}
    assert counts(data) == {"ambiguous": 1, "missing_picture": 1, "missing_label": 2}
    assert "gone.png" in sentence(data, "missing_picture")


@pytest.mark.parametrize("ids", [(0, 1), (1, 2), (3, 90), ("7", "9")])
def test_category_ids_may_begin_anywhere_and_have_gaps(root: Path, ids: tuple[Any, Any]):
    names = {ids[1]: "dog", ids[0]: "cat"}
    write(root, annotation(2, ids[1]), annotation(1, ids[0]), categories=names)
    data = coco.read(root, None, "detection")
    assert data.classes == ("cat", "dog")
    assert marked(data, "images/b.png") == [("dog", [10, 5, 30, 15])]


def test_outlines_as_polygons_and_both_kinds_of_run_lengths_are_drawn(root: Path):
    square = [10, 5, 30, 5, 30, 15, 10, 15]
    plain = {"size": [20, 40], "counts": [200 + 5, 10, *([10, 10] * 19), 5 + 200]}
    write(root, annotation(2, segmentation=[square, [0, 0, 2, 0, 2, 2, 0, 2]]))
    document_with = json.loads((root / "result.json").read_text())
    document_with["annotations"][0] = annotation(1, segmentation=plain, iscrowd=1)
    document(root / "result.json", document_with)
    data = coco.read(root, None, "segmentation")
    assert data.classes == ("background", "cat")
    expected = np.zeros((20, 40), dtype=np.uint8)
    expected[5:15, 10:30] = 1
    samples = every(data)
    np.testing.assert_array_equal(class_maps.class_map(root, samples["images/a.png"], (40, 20), 2), expected)
    expected[:2, :2] = 1
    np.testing.assert_array_equal(class_maps.class_map(root, samples["images/b.png"], (40, 20), 2), expected)
    assert marked(data, "images/a.png") == [("cat", [10, 5, 30, 15])]
    assert not data.findings


def test_the_compressed_text_of_pycocotools_is_read(root: Path):
    """Written by pycocotools for a 60 × 90 mask of 3050 pixels with a hole."""
    compressed = (
        "mb0]1?00000000000000000000000000000000000000ROK55KK55KK55KK55KK55KK55KK55KK55KK55KK55"
        "i0000000000000000000000000000000000000000000000000000000000000000000000000000000cb0"
    )
    runs = {"size": [60, 90], "counts": compressed}
    for name in "ab":
        picture(root / f"{name}.png", 90, 60)
    images = image(1, "a.png", 90, 60), image(2, "b.png", 90, 60)
    annotations = [annotation(1, segmentation=runs), annotation(2, segmentation=runs)]
    document(root / "coco.json", file(*images, annotations=annotations))
    data = coco.read(root, None, "segmentation")
    assert marked(data, "a.png") == [("cat", [10, 5, 80, 50])]
    drawn = class_maps.class_map(root, every(data)["a.png"], (90, 60), 2)
    assert drawn.sum() == 3050
    assert drawn[25, 35] == 0
    assert drawn[25, 45] == 1


def test_boxes_refer_to_the_upright_picture_and_others_are_left_out(root: Path):
    picture(root / "upright.jpg", 40, 20, SIDEWAYS)
    picture(root / "stored.jpg", 40, 20, SIDEWAYS)
    picture(root / "a.jpg")
    images = image(1, "upright.jpg", 20, 40), image(2, "stored.jpg", 40, 20), image(3, "a.jpg")
    document(root / "coco.json", file(*images, annotations=[annotation(1, bbox=[1, 25, 10, 10]), annotation(3)]))
    data = coco.read(root, None, "detection")
    assert marked(data, "upright.jpg") == [("cat", [1, 25, 11, 35])]
    assert counts(data) == {"size_differs": 1}
    assert "stored.jpg" in sentence(data, "size_differs")


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        ("crowd", {"iscrowd": 1}),
        ("unknown_class", {"category_id": 2}),
        ("unknown_class", {"category_id": None}),
        ("unknown_class", {"category_id": [1]}),
        ("malformed", {"bbox": ["10", "5", "20", "10"]}),
        ("malformed", {"bbox": [10, 5, 20]}),
        ("malformed", {"bbox": {"x": 1}}),
        ("malformed", {"bbox": None}),
        ("not_a_number", {"bbox": [float("nan"), 5, 20, 10]}),
        ("not_a_number", {"bbox": [10, 5, 10**400, 10]}),
        ("zero_area", {"bbox": [10, 5, 0, 10]}),
        ("zero_area", {"bbox": [10, 5, 20, -3]}),
        ("out_of_range", {"bbox": [100, 5, 20, 10]}),
        ("out_of_range", {"bbox": [-500, -500, 1000, 1000]}),
    ],
)
def test_bad_boxes_are_counted_named_and_left_out(root: Path, kind: str, bad: dict[str, Any]):
    write(root, annotation(2), {**annotation(2), **bad})
    data = coco.read(root, None, "detection")
    assert counts(data) == {kind: 1}
    assert "b.png#7" in sentence(data, kind)
    assert marked(data, "images/b.png") == [("cat", [10, 5, 30, 15])]


@pytest.mark.parametrize(
    ("kind", "outline"),
    [
        ("malformed", [["1", "2", "3", "4", "5", "6"]]),
        ("malformed", [[1, 2, 3, 4, 5, 6, 7]]),
        ("malformed", "text"),
        ("malformed", {"size": [20, 40], "counts": [1, 2, 3]}),
        ("malformed", {"size": [20, 40], "counts": "\x00\xff"}),
        ("malformed", {"size": [20, 40], "counts": "o" * 1000}),
        ("malformed", {"size": [1 << 40, 1 << 40], "counts": [1 << 80]}),
        ("out_of_range", {"size": [10, 10], "counts": [0, 100]}),
        ("zero_area", {"size": [20, 40], "counts": [800]}),
        ("zero_area", [[1, 1, 5, 5]]),
        ("zero_area", [[1, 1, 5, 5, 9, 9]]),
        ("not_a_number", [[1, 1, float("inf"), 5, 9, 2]]),
        ("out_of_range", [[1e300, 1e300, 2e300, 1e300, 2e300, 2e300]]),
        ("rectangle", None),
    ],
)
def test_bad_outlines_are_counted_and_named(root: Path, kind: str, outline: Any):
    good = [[10, 5, 30, 5, 30, 15, 10, 15]]
    write(root, annotation(2, segmentation=good), annotation(2, segmentation=outline))
    content = json.loads((root / "result.json").read_text())
    content["annotations"][0]["segmentation"] = good
    document(root / "result.json", content)
    data = coco.read(root, None, "segmentation")
    assert counts(data) == {kind: 1}
    assert len(marked(data, "images/b.png")) == (2 if kind == "rectangle" else 1)


def test_annotations_before_their_images_are_read(root: Path):
    write(root, annotation(2))
    content = json.loads((root / "result.json").read_text())
    document(root / "result.json", dict(reversed(content.items())))
    assert len(every(coco.read(root, None, "detection"))) == 2


def test_a_picture_without_objects_is_kept_and_a_stray_annotation_counted(root: Path):
    write(root, annotation(99))
    data = coco.read(root, None, "detection")
    assert counts(data) == {"empty": 1, "malformed": 1}
    assert marked(data, "images/b.png") == []


@pytest.mark.parametrize(
    "content",
    [
        '{"images": [',
        '{"images": [{]}, "annotations": []}',
        '"images"',
        '{"images": ' + "[" * 100_000,
        '{"images": [], "annotations": [' + '{"a":' * 100_000,
        '{"images": [{"id": ' + "9" * 10_000 + "}]}",
        '{"images": [1, null, "x"], "annotations": 5, "categories": [{"id": 1, "name": "cat"}]}',
        '{"images": [], "annotations": [], "categories": []}',
    ],
)
def test_a_hostile_file_is_refused_in_a_sentence(root: Path, content: str):
    picture(root / "a.png")
    text(root / "annotations" / "all.json", content)
    assert coco.applies(root, "detection")
    with pytest.raises(Refused):
        coco.read(root, None, "detection")


def test_pictures_of_a_test_file_are_left_alone(root: Path):
    for name in "abc":
        picture(root / "images" / f"{name}.png")
        split = {"a": "train", "b": "val", "c": "test"}[name]
        document(root / "annotations" / f"instances_{split}.json", file(image(1, f"{name}.png")))
    data = coco.read(root, None, "detection")
    assert set(every(data)) == {"images/a.png", "images/b.png"}
    assert not data.findings


def test_categories_that_differ_between_the_files_are_refused(root: Path):
    picture(root / "a.png")
    document(root / "train.json", file(image(1, "a.png"), categories={1: "cat"}))
    document(root / "val.json", file(image(1, "a.png"), categories={1: "dog"}))
    with pytest.raises(Refused, match="category id 1 for cat and for dog"):
        coco.read(root, None, "detection")


def test_files_with_a_mark_and_in_gbk_are_read(root: Path):
    for number, encoding in enumerate(("utf-8-sig", "gbk", "utf-16")):
        folder = root / str(number)
        for name in ("猫", "狗"):
            picture(folder / f"{name}.png")
        document(folder / "all.json", file(image(1, "猫.png"), image(2, "狗.png"), categories={1: "动物"}), encoding)
        if encoding != "utf-16":  # its keys cannot be seen in the first bytes
            assert coco.applies(folder, "detection")
            assert coco.read(folder, None, "detection").classes == ("动物",)
