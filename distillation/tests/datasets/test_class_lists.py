"""Lists of pictures and classes as people and tools write them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from distillation.contract.sentence import Refused
from distillation.datasets import class_lists, recognition
from distillation.datasets.outline import outline
from distillation.datasets.samples import DataSet


def picture(path: Path, shade: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(shade).integers(0, 255, (6, 6), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Ten pictures below images/, not yet listed, and one without a label."""
    root = tmp_path / "parts"
    for number in range(10):
        picture(root / "images" / f"{number}.png", number)
    picture(root / "unlabeled" / "u.png", 99)
    return root


def read(root: Path) -> DataSet:
    found = recognition.read_pictures(root, root, "classification")
    assert found.layout == class_lists.NAME
    return found


def listed(found: DataSet, split: str) -> dict[str, str]:
    return {sample.path: found.classes[sample.target] for sample in getattr(found, split)}


def findings(found: DataSet) -> dict[str, int]:
    return {finding.kind: finding.count for finding in found.findings}


CSV = "path,label\nimages/0.png,nut\nimages/1.png,bolt\nimages/2.png,nut\n"
VAL = "path,label\nimages/3.png,nut\nimages/4.png,bolt\n"
TRAIN_PAIRS = {"images/0.png": "nut", "images/1.png": "bolt", "images/2.png": "nut"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("train.csv", CSV),
        ("train.csv", CSV.replace(",", ";")),
        ("train.tsv", CSV.replace(",", "\t")),
        ("train.csv", CSV.removeprefix("path,label\n")),
        (
            "train.csv",
            CSV.replace("path,label", "Label,Filename")
            .replace("images/0.png,nut", "nut,images/0.png")
            .replace("images/1.png,bolt", "bolt,images/1.png")
            .replace("images/2.png,nut", "nut,images/2.png"),
        ),
        ("train.csv", "nut,images/0.png\nbolt,images/1.png\nnut,images/2.png\n"),
        ("train.csv", CSV.replace("images/", r"C:\Users\me\parts\images" + "\\")),
        ("train.csv", CSV.replace("images/", "/data/upload/parts/images/")),
        ("train.csv", CSV.replace("images/", "")),
        ("train.csv", CSV.replace("\n", "\r\n\r\n")),
        (
            "train.jsonl",
            "".join(json.dumps({"file": path, "class": name}) + "\n" for path, name in TRAIN_PAIRS.items()),
        ),
    ],
)
def test_every_way_of_writing_a_list_is_read_alike(root: Path, name: str, text: str):
    (root / name).write_text(text)
    (root / "val.csv").write_text(VAL)
    found = read(root)
    assert found.classes == ("bolt", "nut")
    assert listed(found, "train") == TRAIN_PAIRS
    assert listed(found, "val") == {"images/3.png": "nut", "images/4.png": "bolt"}
    assert [(sample.path, sample.target) for sample in found.unlabeled] == [("unlabeled/u.png", None)]
    assert (found.findings, found.split) == ((), "given")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_chinese_lists_are_read_in_every_encoding_that_tools_leave(root: Path, encoding: str):
    picture(root / "images" / "螺母.png", 50)
    text = "path,label\nimages/螺母.png,螺母\n" + "".join(f"images/{number}.png,螺栓\n" for number in range(4))
    (root / "train.csv").write_bytes(text.encode(encoding))
    (root / "val.csv").write_text(VAL.replace("nut", "螺母").replace("bolt", "螺栓"))
    assert listed(read(root), "train")["images/螺母.png"] == "螺母"


def test_classes_that_are_numbers_are_in_the_order_of_their_values(root: Path):
    (root / "train.csv").write_text("".join(f"images/{number}.png,{number % 5 * 5}\n" for number in range(10)))
    assert read(root).classes == ("0", "5", "10", "15", "20")


def test_without_a_validation_list_the_same_part_is_held_out_every_time(root: Path):
    (root / "train.csv").write_text("".join(f"images/{number}.png,{number % 2}\n" for number in range(10)))
    one, two = read(root), read(root)
    assert (len(one.train), len(one.val)) == (8, 2)
    assert {sample.target for sample in one.val} == {0, 1}
    assert listed(one, "val") == listed(two, "val")
    assert one.digest == two.digest
    assert one.split.startswith("held out 0.2")
    shown = outline(root)
    assert (shown.train, shown.val, shown.train_per_class) == (8, 2, (4, 4))


def test_what_is_wrong_with_a_list_is_counted_and_named(root: Path):
    (root / "images" / "9.png").write_bytes(b"")
    (root / "train.csv").write_text(
        CSV + "images/gone.png,nut\nimages/5.png,\nimages/0.png,nut\nimages/9.png,nut\nimages/6.png,nut,more\n"
        "images/3.png,nut\n"
    )
    (root / "val.csv").write_text(VAL)
    found = read(root)
    assert findings(found) == {
        "missing_picture": 1,
        "missing_label": 1,
        "twice": 1,
        "empty_picture": 1,
        "malformed": 1,
        "duplicate": 1,
    }
    sentences = " ".join(finding.sentence.english() for finding in found.findings)
    for name in ("images/gone.png", "images/5.png", "images/0.png", "images/9.png", "train.csv:9", "images/3.png"):
        assert name in sentences
    assert listed(found, "train") == TRAIN_PAIRS


def test_a_picture_with_the_content_of_a_held_out_one_is_left_out_of_training(root: Path):
    (root / "images" / "2.png").write_bytes((root / "images" / "3.png").read_bytes())
    (root / "train.csv").write_text(CSV)
    (root / "val.csv").write_text(VAL)
    found = read(root)
    assert "images/2.png" not in listed(found, "train")
    assert findings(found) == {"duplicate": 1}


def test_a_held_out_class_that_nobody_learns_is_refused_by_name(root: Path):
    (root / "train.csv").write_text(CSV)
    (root / "val.csv").write_text(VAL + "images/5.png,washer\n")
    with pytest.raises(Refused, match="does not have: washer"):
        read(root)


def test_a_list_without_classes_is_refused(root: Path):
    (root / "train.csv").write_text("path,width,height\nimages/0.png,6,6\n")
    with pytest.raises(Refused, match=r"train\.csv has no column of classes; found: path, width, height"):
        read(root)
    assert not outline(root).usable


def test_validation_may_come_from_another_data_set(root: Path, tmp_path: Path):
    other = tmp_path / "other"
    picture(other / "pictures" / "v.png", 70)
    (other / "train.csv").write_text("pictures/v.png,nut\n")
    (root / "train.csv").write_text(CSV)
    found = recognition.read_pictures(root, other, "classification")
    assert listed(found, "val") == {"pictures/v.png": "nut"}
    assert len(found.train) == 3
    assert outline(root, other).val == 1


def test_a_change_of_one_label_changes_the_digest(root: Path):
    (root / "val.csv").write_text(VAL)
    (root / "train.csv").write_text(CSV)
    before = read(root).digest
    (root / "train.csv").write_text(CSV.replace("0.png,nut", "0.png,bolt"))
    assert read(root).digest != before


def test_a_list_that_leads_out_of_the_data_set_is_refused(root: Path, tmp_path: Path):
    (tmp_path / "outside.csv").write_text(CSV)
    (root / "train.csv").symlink_to(tmp_path / "outside.csv")
    with pytest.raises(Refused, match="leads out of the data set"):
        read(root)
    assert "leads out" in outline(root).problems[0].english()
