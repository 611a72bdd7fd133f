"""Pascal VOC annotations with their lists, as VOC, CVAT, labelImg and Roboflow leave them."""

from __future__ import annotations

from pathlib import Path

import pytest

from distillation.contract.sentence import Refused
from distillation.datasets import voc
from distillation.tests.datasets.annotated import SIDEWAYS, counts, every, marked, picture, sentence, text

BOX = ("10", "5", "30", "15")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "set"


def marked_object(name: str = "cat", box: tuple[str, ...] = BOX) -> str:
    sides = "".join(
        f"<{side}>{value}</{side}>" for side, value in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=False)
    )
    part = "<part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>"
    return f"<object><name>{name}</name><difficult>0</difficult><bndbox>{sides}</bndbox>{part}</object>"


def annotate(
    path: Path, filename: str, *objects: str, size: tuple[int, int] = (40, 20), head: str = "", encoding: str = "utf-8"
) -> None:
    width, height = size
    content = (
        f"{head}<annotation><folder>C:\\foreign</folder><filename>{filename}</filename>"
        f"<size><width>{width}</width><height>{height}</height><depth>3</depth></size>"
        f"{''.join(objects or (marked_object(),))}</annotation>"
    )
    text(path, content, encoding)


def write(root: Path, *names: str) -> None:
    for name in names:
        picture(root / "JPEGImages" / f"{name}.jpg")
        annotate(root / "Annotations" / f"{name}.xml", f"{name}.jpg")


def test_lists_decide_what_is_for_what(root: Path):
    write(root, "a", "b", "c", "d", "深/e")
    text(root / "ImageSets" / "Main" / "train.txt", "a\n深/e\n")
    text(root / "ImageSets" / "Main" / "val.txt", "b\n")
    text(root / "ImageSets" / "Main" / "test.txt", "c\n")
    text(root / "ImageSets" / "Main" / "cat_train.txt", "d  1\n")
    assert voc.applies(root, "detection")
    data = voc.read(root, None, "detection")
    assert [sample.path for sample in data.train] == ["JPEGImages/a.jpg", "JPEGImages/深/e.jpg"]
    assert [sample.path for sample in data.val] == ["JPEGImages/b.jpg"]
    assert counts(data) == {"unlisted": 1}
    assert "Annotations/d.xml" in sentence(data, "unlisted")
    assert marked(data, "JPEGImages/a.jpg") == [("cat", [10, 5, 30, 15])]


def test_an_export_of_cvat_has_its_classes_in_labelmap(root: Path):
    write(root, "a", "b", "c")
    text(root / "ImageSets" / "Main" / "default.txt", "a\nb\nc\n")
    text(root / "labelmap.txt", "# label:color_rgb:parts:actions\nbird:1,2,3::\ncat:4,5,6::\n")
    data = voc.read(root, None, "detection")
    assert data.classes == ("bird", "cat")
    assert len(every(data)) == 3
    assert data.split.startswith("held out")


def test_annotations_beside_pictures_in_folders_of_splits_are_read(root: Path):
    for split in ("train", "valid", "test"):
        picture(root / split / f"{split}.png")
        annotate(root / split / f"{split}.xml", f"{split}.png", marked_object("dog"), marked_object("cat"))
    data = voc.read(root, None, "detection")
    assert [sample.path for sample in data.train] == ["train/train.png"]
    assert [sample.path for sample in data.val] == ["valid/valid.png"]
    assert data.classes == ("cat", "dog"), "sorted, whatever came first"
    assert [name for name, _ in marked(data, "train/train.png")] == ["dog", "cat"]


@pytest.mark.parametrize("filename", ["D:\\照片\\图 1.jpg", "/data/x/图 1.jpg", "renamed-before.jpg", ""])
def test_a_foreign_or_wrong_file_name_is_understood(root: Path, filename: str):
    picture(root / "JPEGImages" / "图 1.jpg")
    annotate(root / "Annotations" / "图 1.xml", filename)
    write(root, "b")
    data = voc.read(root, None, "detection")
    assert "JPEGImages/图 1.jpg" in every(data)
    assert not data.findings


@pytest.mark.parametrize(
    ("encoding", "head"),
    [
        ("gbk", '<?xml version="1.0" encoding="GBK"?>'),
        ("gb18030", ""),
        ("utf-8-sig", '<?xml version="1.0" encoding="utf-8"?>'),
        ("utf-16", '<?xml version="1.0" encoding="UTF-16"?>'),
    ],
)
def test_every_usual_encoding_is_read(root: Path, encoding: str, head: str):
    for name in ("a", "b"):
        picture(root / f"{name}.jpg")
        annotate(root / f"{name}.xml", f"{name}.jpg", marked_object("汽车"), head=head, encoding=encoding)
    assert voc.read(root, None, "detection").classes == ("汽车",)


def test_boxes_refer_to_the_upright_picture_and_others_are_left_out(root: Path):
    write(root, "a")
    for name, size in {"upright": (20, 40), "unsaid": (0, 0), "stored": (40, 20), "other": (400, 200)}.items():
        picture(root / "JPEGImages" / f"{name}.jpg", 40, 20, SIDEWAYS)
        annotate(
            root / "Annotations" / f"{name}.xml", f"{name}.jpg", marked_object(box=("1", "25", "9", "39")), size=size
        )
    data = voc.read(root, None, "detection")
    assert marked(data, "JPEGImages/upright.jpg") == [("cat", [1, 25, 9, 39])]
    assert marked(data, "JPEGImages/unsaid.jpg") == [("cat", [1, 25, 9, 39])]
    assert counts(data) == {"size_differs": 2}


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        ("malformed", marked_object(box=("1", "2", "3"))),
        ("malformed", marked_object(box=("1", "x", "3", "4"))),
        ("malformed", marked_object(name="")),
        ("not_a_number", marked_object(box=("nan", "2", "3", "4"))),
        ("not_a_number", marked_object(box=("1", "2", "1e400", "4"))),
        ("zero_area", marked_object(box=("5", "5", "5", "15"))),
        ("zero_area", marked_object(box=("30", "15", "10", "5"))),
        ("out_of_range", marked_object(box=("100", "5", "130", "15"))),
        ("clipped", marked_object(box=("30", "5", "48", "15"))),
    ],
)
def test_bad_objects_are_counted_and_named(root: Path, kind: str, bad: str):
    write(root, "a")
    picture(root / "JPEGImages" / "b.jpg")
    annotate(root / "Annotations" / "b.xml", "b.jpg", marked_object(), bad)
    data = voc.read(root, None, "detection")
    assert counts(data) == {kind: 1}
    assert "Annotations/b.xml#2" in sentence(data, kind)


def test_missing_and_doubled_files_are_counted_and_named(root: Path):
    write(root, "a", "b")
    annotate(root / "Annotations" / "gone.xml", "gone.jpg")
    annotate(root / "Annotations" / "again.xml", "a.jpg")
    picture(root / "JPEGImages" / "unmarked.jpg")
    picture(root / "JPEGImages" / "two.jpg")
    picture(root / "JPEGImages" / "two.png")
    annotate(root / "Annotations" / "two.xml", "")
    picture(root / "unlabeled" / "u.jpg")
    data = voc.read(root, None, "detection")
    assert set(every(data)) == {"JPEGImages/a.jpg", "JPEGImages/b.jpg"}
    assert counts(data) == {"missing_picture": 1, "missing_label": 1, "ambiguous": 1, "twice": 1}
    assert len(data.unlabeled) == 1


ENTITIES = "".join(
    f'<!ENTITY x{n} "{"&x" + str(n - 1) + ";" if n else "ha"}{"&x" + str(n - 1) + ";" if n else ""}">'
    for n in range(30)
)


@pytest.mark.parametrize(
    "content",
    [
        f"<!DOCTYPE annotation [{ENTITIES}]><annotation><filename>&x29;</filename></annotation>",
        '<!DOCTYPE annotation SYSTEM "file:///etc/passwd"><annotation/>',
        "<annotation>" + "<a>" * 100_000,
        "<annotation><object>",
        "<html></html>",
        "",
        "<annotation>&undefined;</annotation>",
    ],
)
def test_hostile_xml_is_counted_and_left_out(root: Path, content: str):
    write(root, "a", "b", "bad")
    text(root / "Annotations" / "bad.xml", content)
    data = voc.read(root, None, "detection")
    assert counts(data) == {"unreadable_label": 1}
    assert "Annotations/bad.xml" in sentence(data, "unreadable_label")
    assert len(every(data)) == 2


def test_a_set_of_which_nothing_is_left_is_refused_with_the_reason(root: Path):
    for name in ("a", "b", "c"):
        picture(root / f"{name}.jpg")
        annotate(root / f"{name}.xml", f"{name}.jpg", marked_object(box=("500", "500", "600", "600")))
    with pytest.raises(Refused, match=r"0 usable labelled pictures.*Found wrong: 3 "):
        voc.read(root, None, "detection")
