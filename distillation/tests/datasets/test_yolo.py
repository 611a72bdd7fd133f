"""YOLO data sets as ultralytics, Roboflow, CVAT, Label Studio and labelImg leave them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from distillation.contract.sentence import Refused
from distillation.datasets import class_maps, yolo
from distillation.datasets.samples import Objects
from distillation.tests.datasets.annotated import SIDEWAYS, counts, document, every, marked, picture, sentence, text


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "set"


MIDDLE = "0 0.5 0.5 0.5 0.5\n"
"""On 40 × 20 pixels: 10, 5, 30, 15."""


def labelled(root: Path, *names: str, label: str = MIDDLE, images: str = "images", labels: str = "labels") -> None:
    for name in names:
        picture(root / images / f"{name}.png")
        text(root / labels / f"{name}.txt", label)


@pytest.mark.parametrize(
    "names", ["[cat, 狗]", "{0: cat, 1: 狗}", "{'0': cat, '1': 狗}"], ids=["list", "mapping", "quoted keys"]
)
@pytest.mark.parametrize(
    "places",
    [
        "train: images/train\nval: images/val",
        "path: .\ntrain: images/train/\nval: ./images/val",
        "path: ../datasets/foreign\ntrain: images/train\nval: images/val",
        "path: /home/someone/coco8\ntrain: images/train\nval: images/val",
        "train: ../images/train\nvalid: ../images/val",
        "train: D:\\work\\set\\images\\train\nval: D:\\work\\set\\images\\val",
        "train: [images/train]\nval: [images/val]",
    ],
)
def test_a_data_yaml_is_understood_wherever_it_was_written(root: Path, places: str, names: str):
    labelled(root, "train/a", "train/深/b", "val/c", label="1 0.5 0.5 0.5 0.5\n")
    text(root / "data.yaml", f"{places}\nnames: {names}\n")
    assert yolo.applies(root, "detection")
    data = yolo.read(root, None, "detection")
    assert data.classes == ("cat", "狗")
    assert [sample.path for sample in data.train] == ["images/train/a.png", "images/train/深/b.png"]
    assert [sample.path for sample in data.val] == ["images/val/c.png"]
    assert marked(data, "images/train/深/b.png") == [("狗", [10, 5, 30, 15])]
    assert data.split == "given"
    assert not data.findings


def test_an_entry_that_leads_out_of_the_data_set_is_refused(root: Path):
    labelled(root.parent / "other", "a")
    labelled(root, "a")
    (root / "elsewhere").symlink_to(root.parent / "other")
    text(root / "data.yaml", "train: ../other/images\nval: images\nnames: [cat]")
    with pytest.raises(Refused, match="leads out of the data set"):
        yolo.read(root, None, "detection")
    (root / "elsewhere").unlink()
    assert len(every(yolo.read(_with(root, "b"), None, "detection"))) == 2, "../other/images means images here"


def _with(root: Path, name: str) -> Path:
    labelled(root, name)
    return root


def test_an_entry_that_does_not_exist_is_named(root: Path):
    labelled(root, "a")
    text(root / "data.yaml", "train: pictures/training\nval: images\nnames: [cat]")
    with pytest.raises(Refused, match=r"no pictures/training.*found there: images, labels"):
        yolo.read(root, None, "detection")


def test_the_older_export_of_cvat_is_read(root: Path):
    """``obj.data``, ``obj.names`` and ``train.txt`` with labels beside the pictures."""
    for name in ("a", "b b", "帧_3"):
        picture(root / "obj_train_data" / "cam 1" / f"{name}.jpg")
        text(root / "obj_train_data" / "cam 1" / f"{name}.txt", MIDDLE)
    text(root / "obj.data", "classes = 2\ntrain = data/train.txt\nnames = data/obj.names\nbackup = backup/\n")
    text(root / "obj.names", "车\nperson\n", "gbk")
    text(
        root / "train.txt",
        "data/obj_train_data/cam 1/a.jpg\ndata/obj_train_data/cam 1/b b.jpg\ndata/obj_train_data/cam 1/帧_3.jpg\n"
        "data/obj_train_data/cam 1/gone.jpg\n",
    )
    data = yolo.read(root, None, "detection")
    assert data.classes == ("车", "person")
    assert len(data.train) == 2
    assert len(data.val) == 1
    assert data.split == "held out 0.2 by hash of path, seed 0"
    assert counts(data) == {"missing_picture": 1}
    assert "gone.jpg" in sentence(data, "missing_picture")


@pytest.mark.parametrize("classes", ["classes.txt", "notes.json"])
def test_an_export_of_label_studio_is_read(root: Path, classes: str):
    labelled(root, "3f2a9c11-照片 1", "7be1-b", "c")
    document(root / "notes.json", {"categories": [{"id": 0, "name": "车"}, {"id": 1, "name": "人"}], "info": {}})
    if classes == "classes.txt":
        text(root / "classes.txt", "\ufeff车\r\n人\r\n")
    assert yolo.applies(root, "detection")
    data = yolo.read(root, None, "detection")
    assert data.classes == ("车", "人")
    assert len(every(data)) == 3


@pytest.mark.parametrize("validation", ["val", "valid", "validation"])
def test_folders_of_splits_outside_images_are_read_and_test_is_left_alone(root: Path, validation: str):
    for split in ("train", validation, "test"):
        labelled(root / split, split)
    text(root / "classes.txt", "cat")
    assert yolo.applies(root, "detection")
    data = yolo.read(root, None, "detection")
    assert [sample.path for sample in data.train] == ["train/images/train.png"]
    assert [sample.path for sample in data.val] == [f"{validation}/images/{validation}.png"]


def test_labels_beside_the_pictures_without_names_have_their_numbers_as_classes(root: Path):
    for number, name in enumerate("abc"):
        picture(root / f"{name}.JPG")
        text(root / f"{name}.txt", f"{number} 0.5 0.5 0.5 0.5")
    assert yolo.applies(root, "detection")
    data = yolo.read(root, None, "detection")
    assert data.classes == ("0", "1", "2")
    assert marked(data, "c.JPG") == [("2", [10, 5, 30, 15])]


def test_boxes_are_those_of_the_upright_picture(root: Path):
    picture(root / "images" / "turned.jpg", 40, 20, SIDEWAYS)
    text(root / "labels" / "turned.txt", "0 0.25 0.75 0.5 0.5")
    labelled(root, "a")
    text(root / "classes.txt", "cat")
    assert marked(yolo.read(root, None, "detection"), "images/turned.jpg") == [("cat", [0, 20, 10, 40])]


def test_polygons_and_boxes_may_be_mixed(root: Path):
    labelled(root, "a", "b", label="0 0.5 0.5 0.5 0.5\n1 0.1 0.1 0.5 0.1 0.5 0.9 0.1 0.9\n")
    text(root / "classes.txt", "cat\ndog")
    boxes = yolo.read(root, None, "detection")
    assert marked(boxes, "images/a.png") == [("cat", [10, 5, 30, 15]), ("dog", [4, 2, 20, 18])]
    assert not boxes.findings
    outlines = yolo.read(root, None, "segmentation")
    assert outlines.classes == ("background", "cat", "dog")
    assert counts(outlines) == {"rectangle": 2}
    sample = every(outlines)["images/a.png"]
    drawn = class_maps.class_map(root, sample, (40, 20), 3)
    assert np.bincount(drawn.ravel()).tolist() == [800 - 16 * 16 - 20 * 10 + 10 * 10, 200, 256 - 100]
    assert drawn[10, 12] == 1, "the smaller object is in front"


def test_boxes_alone_are_no_segmentation(root: Path):
    labelled(root, "a", "b")
    text(root / "classes.txt", "cat")
    with pytest.raises(Refused, match="mark boxes only"):
        yolo.read(root, None, "segmentation")


BAD = {
    "malformed": ("0 0.5 0.5 0.5\n", "a 0.5 0.5 0.5 0.5\n", "0 0.5 0.5 x 0.5\n", "0.5 0.5 0.5 0.5 0.5\n", "0\n"),
    "unknown_class": ("2 0.5 0.5 0.5 0.5\n", "99999999 0.5 0.5 0.5 0.5\n"),
    "not_a_number": ("0 nan 0.5 0.5 0.5\n", "0 0.5 0.5 inf 0.5\n", "0 0.5 1e400 0.5 0.5\n", "0 nan 0 0 1 1 1\n"),
    "zero_area": ("0 0.5 0.5 0 0.5\n", "0 0.5 0.5 0.5 -0.5\n", "0 0.1 0.1 0.5 0.5 0.9 0.9\n"),
    "out_of_range": ("0 320 240 100 90\n", "0 1.5 0.5 0.5 0.5\n", "0 -0.5 0.5 0.5 0.5\n", "0 1e300 0.5 1e300 0.5\n"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_lines_are_counted_named_and_left_out(root: Path, kind: str):
    labelled(root, "good", "better", label=MIDDLE + "".join(BAD[kind]))
    labelled(root, "lost", label=BAD[kind][0])
    text(root / "classes.txt", "cat\ndog")
    data = yolo.read(root, None, "detection")
    assert counts(data) == {kind: 2 * len(BAD[kind]) + 1, "nothing_left": 1}
    assert "labels/good.txt:2" in sentence(data, kind)
    assert "images/lost.png" in sentence(data, "nothing_left")
    assert marked(data, "images/good.png") == [("cat", [10, 5, 30, 15])]


def test_what_reaches_over_the_edge_is_cut_there(root: Path):
    labelled(root, "a", label="0 0.9 0.5 0.5 0.5")
    labelled(root, "b", label="0 0.5 0.5 1.000001 1.02")
    text(root / "classes.txt", "cat")
    data = yolo.read(root, None, "detection")
    assert marked(data, "images/a.png") == [("cat", [26, 5, 40, 15])]
    assert marked(data, "images/b.png") == [("cat", [0, 0, 40, 20])]
    assert counts(data) == {"clipped": 1}


def test_missing_empty_and_doubled_files_are_counted_and_named(root: Path):
    labelled(root, "good", "better", "twin")
    picture(root / "images" / "twin.jpg")
    picture(root / "images" / "unmarked.png")
    labelled(root, "background", label=" \n")
    text(root / "labels" / "orphan.txt", MIDDLE)
    text(root / "labels" / "torn.txt", MIDDLE)
    text(root / "images" / "torn.png", "no picture")
    text(root / "labels" / "void.txt", MIDDLE)
    text(root / "images" / "void.png", "")
    picture(root / "images" / "binary.png")
    (root / "labels" / "binary.txt").write_bytes(b"\x80\xff\x00\xfe\xff")
    picture(root / "unlabeled" / "u.png")
    text(root / "classes.txt", "cat")
    data = yolo.read(root, None, "detection")
    assert counts(data) == {
        "missing_picture": 1,
        "missing_label": 1,
        "unreadable_picture": 1,
        "unreadable_label": 1,
        "empty_picture": 1,
        "empty": 1,
        "two_suffixes": 2,
    }
    for kind, name in {
        "missing_picture": "labels/orphan.txt",
        "missing_label": "images/unmarked.png",
        "unreadable_picture": "images/torn.png",
        "unreadable_label": "labels/binary.txt",
        "empty_picture": "images/void.png",
        "empty": "images/background.png",
        "two_suffixes": "images/twin.jpg, images/twin.png",
    }.items():
        assert name in sentence(data, kind)
    assert set(every(data)) == {"images/good.png", "images/better.png", "images/background.png"}
    assert [sample.path for sample in data.unlabeled] == ["unlabeled/u.png"]
    background = every(data)["images/background.png"].target
    assert isinstance(background, Objects)
    assert background.boxes.shape == (0, 4)


def test_a_set_whose_training_is_its_validation_is_split(root: Path):
    labelled(root, *"abcdefghij")
    text(root / "data.yaml", "train: images\nval: images\nnames: [cat]")
    data = yolo.read(root, None, "detection")
    assert counts(data) == {"same_split": 10}
    assert (len(data.train), len(data.val)) == (8, 2)
    assert data.split.startswith("held out 0.2")


def test_validation_may_come_from_another_data_set_with_its_classes_in_another_order(root: Path):
    labelled(root / "one", "a")
    labelled(root / "two", "b")
    text(root / "one" / "classes.txt", "cat\ndog")
    text(root / "two" / "classes.txt", "dog\ncat")
    data = yolo.read(root / "one", root / "two", "detection")
    assert data.val_root == root / "two"
    assert marked(data, "images/a.png")[0][0] == "cat"
    assert marked(data, "images/b.png")[0][0] == "dog"
    text(root / "two" / "classes.txt", "dog\nbird")
    with pytest.raises(Refused, match="bird"):
        yolo.read(root / "one", root / "two", "detection")


@pytest.mark.parametrize("task_type", ["detection", "segmentation"])
def test_validation_elsewhere_without_names_has_the_ids_of_the_training_data(root: Path, task_type: str):
    triangle = "1 0.25 0.25 0.75 0.25 0.75 0.75\n"
    labelled(root / "one", "a", label=triangle)
    labelled(root / "two", "b", label=triangle)
    text(root / "one" / "classes.txt", "cat\ndog")
    data = yolo.read(root / "one", root / "two", task_type)
    assert marked(data, "images/b.png") == [("dog", [10, 5, 30, 15])]


def test_key_points_behind_a_box_do_not_count(root: Path):
    labelled(root, "a", "b", label="0 0.5 0.5 0.5 0.5 0.1 0.1 0.9 0.9\n")
    text(root / "data.yaml", "train: images\nkpt_shape: [2, 2]\nnames: [cat]")
    assert marked(yolo.read(root, None, "detection"), "images/a.png") == [("cat", [10, 5, 30, 15])]


@pytest.mark.parametrize(
    "content",
    [
        "names: [cat\n",
        "names: 5\ntrain: images",
        "names: {0: {a: b}}",
        "names: [cat]\ntrain: {a: b}",
        "names: " + "[" * 500,
        "names: !!python/object/apply:os.system ['true']",
        "- names",
        "names: {9999-99-99: x}",
    ],
)
def test_settings_that_make_no_sense_are_refused_in_a_sentence(root: Path, content: str):
    labelled(root, "a", "b")
    text(root / "data.yaml", content)
    with pytest.raises(Refused) as caught:
        yolo.read(root, None, "detection")
    assert "data.yaml" in str(caught.value) or "classes.txt" in str(caught.value)
