"""Every layout is recognised from names and outlined without opening a picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from distillation.contract.sentence import Refused
from distillation.datasets import annotation_counts, catalogue, counts, recognition, table_counts, tables
from distillation.datasets.outline import outline

PLACES = {"train": 4, "val": 2}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Four pictures to learn from, two held out and one unlabelled, for any annotation."""
    root = tmp_path / "sets" / "parts"
    random = np.random.default_rng(0)
    for split, count in {**PLACES, "unlabeled": 1}.items():
        folder = root / split if split == "unlabeled" else root / "images" / split
        folder.mkdir(parents=True)
        for number in range(count):
            Image.fromarray(random.integers(0, 255, (10, 10), dtype=np.uint8)).save(folder / f"{split}{number}.png")
    return root


def each(root: Path, write: Callable[[Path, int], object], folder: str, suffix: str) -> None:
    for split, count in PLACES.items():
        for number in range(count):
            path = root / folder / split / f"{split}{number}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, number)


def yolo_boxes(root: Path) -> None:
    each(root, lambda path, number: path.write_text(f"{number % 2} .5 .5 .4 .4\n"), "labels", ".txt")
    (root / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [bolt, nut]\n")


def yolo_polygons(root: Path) -> None:
    each(root, lambda path, number: path.write_text(f"{number % 2} .1 .1 .9 .1 .9 .9 .1 .9\n"), "labels", ".txt")
    (root / "classes.txt").write_text("bolt\nnut\n")


def coco(root: Path) -> None:
    for split, count in PLACES.items():
        images = [{"id": n, "file_name": f"{split}{n}.png", "width": 10, "height": 10} for n in range(count)]
        marks = [
            {"id": n, "image_id": n, "category_id": 1 + n % 2, "bbox": [1, 1, 5, 5], "area": 25, "iscrowd": 0,
             "segmentation": [[1, 1, 6, 1, 6, 6, 1, 6]]}
            for n in range(count)
        ]  # fmt: skip
        names = [{"id": 2, "name": "nut"}, {"id": 1, "name": "bolt"}]
        (root / f"{split}.json").write_text(json.dumps({"images": images, "annotations": marks, "categories": names}))


def voc(root: Path) -> None:
    each(
        root,
        lambda path, number: path.write_text(
            f"<annotation><filename>{path.stem}.png</filename><object><name>{('bolt', 'nut')[number % 2]}</name>"
            "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>6</xmax><ymax>6</ymax></bndbox></object></annotation>"
        ),
        "images",
        ".xml",
    )


def labelme(root: Path) -> None:
    def write(path: Path, number: int) -> None:
        shape = {"label": ("bolt", "nut")[number % 2], "points": [[1, 1], [6, 1], [6, 6]], "shape_type": "polygon"}
        path.write_text(json.dumps({"imagePath": f"{path.stem}.png", "imageData": None, "shapes": [shape]}))

    each(root, write, "images", ".json")


def masks(root: Path) -> None:
    def write(path: Path, number: int) -> None:
        pixels = np.zeros((10, 10), np.uint8)
        pixels[:5] = 1 + number % 2
        Image.fromarray(pixels).save(path)

    each(root, write, "masks", ".png")
    (root / "classes.txt").write_text("background\nbolt\nnut\n")


def class_list(root: Path) -> None:
    for split, count in PLACES.items():
        rows = [f"{split}{number}.png,{('bolt', 'nut')[number % 2]}\n" for number in range(count)]
        (root / f"{split}.csv").write_text("".join(rows))


LAYOUTS = {
    "yolo": (yolo_boxes, "detection", ("bolt", "nut")),
    "yolo polygons": (yolo_polygons, "segmentation", ("background", "bolt", "nut")),
    "coco": (coco, "detection", ("bolt", "nut")),
    "voc": (voc, "detection", ("bolt", "nut")),
    "labelme": (labelme, "detection", ("bolt", "nut")),
    "masks": (masks, "segmentation", ("background", "bolt", "nut")),
    "list": (class_list, "classification", ("bolt", "nut")),
}


@pytest.fixture(autouse=True)
def nothing_kept():
    table_counts._cached.cache_clear()
    annotation_counts._coco_file.cache_clear()
    annotation_counts._met.cache_clear()


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_outline_says_what_the_reader_finds(root: Path, name: str, monkeypatch: pytest.MonkeyPatch):
    write, task_type, classes = LAYOUTS[name]
    write(root)
    found = recognition.read_pictures(root, root, task_type)
    assert (found.task_type, found.layout) == (task_type, name.split()[0])
    assert found.classes == classes
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("a picture was opened"))
    shown = outline(root)
    assert (shown.type, shown.layout, shown.classes) == (found.task_type, found.layout, found.classes)
    assert (shown.train, shown.val, shown.unlabeled) == (len(found.train), len(found.val), len(found.unlabeled))
    assert (shown.train, shown.val, shown.unlabeled) == (4, 2, 1)
    assert shown.problems == ()


@pytest.mark.parametrize("name", ["yolo", "coco", "voc", "labelme", "masks"])
def test_validation_data_of_another_data_set_is_counted(root: Path, name: str):
    LAYOUTS[name][0](root)
    other = root.with_name("other")
    root.rename(other)
    write, task_type, _ = LAYOUTS[name]
    train = root / "images" / "train"
    train.mkdir(parents=True)
    for number in range(4):
        Image.new("L", (10, 10), number * 60).save(train / f"train{number}.png")
    (root / "images" / "val").mkdir()
    write(root)
    for path in root.rglob("val*"):
        if path.is_file() and path.suffix != ".json":
            path.unlink()
    (root / "val.json").unlink(missing_ok=True)
    (root / "unlabeled").mkdir()
    assert outline(root, other).val == 2
    assert outline(root, other).train == len(recognition.read_pictures(root, other, task_type).train) == 4


def test_polygons_serve_both_tasks_and_boxes_only_one(root: Path):
    yolo_polygons(root)
    assert recognition.recognise(root).task_types == ("segmentation", "detection")
    assert recognition.read(root, None, "detection").task_type == "detection"
    (root / "dataset.json").write_text('{"taskType": "detection"}')
    assert recognition.recognise(root).task_type == outline(root).type == "detection"
    yolo_boxes(root)
    (root / "dataset.json").write_text('{"taskType": "segmentation"}')
    assert outline(root).task_types == ("detection",)


@pytest.mark.parametrize("name", ["coco", "list", "voc", "labelme"])
def test_label_files_that_are_too_large_cost_the_counts_and_nothing_else(
    root: Path, name: str, monkeypatch: pytest.MonkeyPatch
):
    LAYOUTS[name][0](root)
    monkeypatch.setattr(counts, "MAX_BYTES", 10)
    shown = outline(root)
    assert (shown.type, shown.classes, shown.problems) == (LAYOUTS[name][1], (), ())


def test_label_files_are_read_again_only_when_they_change(root: Path, monkeypatch: pytest.MonkeyPatch):
    class_list(root)
    assert outline(root).train == 4
    read = tables.read
    monkeypatch.setattr(tables, "read", lambda *_: pytest.fail("a known file was read again"))
    assert outline(root).train == 4
    monkeypatch.setattr(tables, "read", read)
    (root / "train.csv").write_text("train0.png,bolt\ntrain1.png,nut\n")
    assert outline(root).train == 2


def test_the_catalogue_lists_every_layout(root: Path):
    for name, (write, _, _) in LAYOUTS.items():
        copy = root.with_name(name.replace(" ", "-"))
        for path in list(root.rglob("*.png")):
            target = copy / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
        write(copy)
    (root.parent / "series").mkdir()
    np.savez(root.parent / "series" / "train.npz", x=np.zeros((4, 3)), y=[0, 1, 0, 1])
    found = {one.id: (one.type, one.usable) for one in catalogue.list_datasets(root.parent)}
    found.pop("parts")
    assert found == {
        **{name.replace(" ", "-"): (task_type, True) for name, (_, task_type, _) in LAYOUTS.items()},
        "series": ("sequence", True),
    }


def test_data_of_another_type_is_refused_naming_both(root: Path):
    class_list(root)
    with pytest.raises(Refused, match=r"parts is laid out for classification \(list\), the task is detection"):
        recognition.read_pictures(root, root, "detection")
    with pytest.raises(Refused, match=r"laid out for classification \(list\), the task is text"):
        recognition.read_texts(root)


def test_a_folder_without_any_layout_is_refused_naming_what_is_there(tmp_path: Path):
    (tmp_path / "empty" / "stuff").mkdir(parents=True)
    assert recognition.recognise(tmp_path / "empty") is None
    with pytest.raises(Refused, match="Nothing in the data set empty is laid out for detection; found there: stuff"):
        recognition.read_pictures(tmp_path / "empty", None, "detection")
    with pytest.raises(Refused, match="no folder train/; found there: stuff"):
        recognition.read(tmp_path / "empty")
    with pytest.raises(Refused, match="no data set folder gone"):
        recognition.read(tmp_path / "gone")


def test_a_table_of_boxes_is_no_list_of_classes(root: Path):
    (root / "train.csv").write_text("filename,xmin,ymin,xmax,ymax,class\ntrain0.png,1,1,5,5,nut\n")
    assert recognition.recognise(root) is None
