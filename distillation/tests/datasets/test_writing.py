"""What is written can be read again, by our own readers and as the formats say."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from distillation.contract.sentence import Refused
from distillation.datasets import recognition
from distillation.datasets.pictures import upright_size
from distillation.datasets.samples import Objects
from distillation.datasets.voc_xml import read_annotation
from distillation.datasets.writing.labels import Label, LabelledPicture
from distillation.datasets.writing.output import Output
from distillation.tests.datasets.annotated import SIDEWAYS, picture

CLASSES = ("猫", 'dog: "a"', "x,y")
BOXES = {
    "夹/图1.jpg": (Label(0, 0.9, (1.5, 2.0, 11.5, 12.25)), Label(1, 0.5, (0.0, 0.0, 20.0, 20.0))),
    "rot.jpg": (Label(2, 0.75, (3.0, 4.0, 19.0, 39.5)),),
    "空.png": (),
}


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    root = tmp_path / "in"
    picture(root / "夹/图1.jpg")
    picture(root / "rot.jpg", orientation=SIDEWAYS)
    picture(root / "空.png")
    return root


def labelled(root: Path, labels: dict[str, tuple[Label, ...]] = BOXES) -> list[LabelledPicture]:
    return [
        LabelledPicture(path, path.rpartition(".")[0], *upright_size(root / path), found)
        for path, found in labels.items()
    ]


def write(out: Path, pictures: Path, formats: Sequence[str], *, classifies: bool = False, whole: bool = True) -> Output:
    output = Output(out, pictures, CLASSES, formats, classifies=classifies, with_pictures=whole)
    found = labelled(pictures, {path: (Label(1, 0.8),) for path in BOXES} if classifies else BOXES)
    for one in found:
        output.add(one)
    output.finish(lambda: found)
    return output


@pytest.mark.parametrize("name", ["labelme", "yolo", "coco", "voc"])
def test_boxes_come_back_through_our_reader(tmp_path, pictures, name):
    write(tmp_path / "out", pictures, [name])
    assert recognition.recognise(tmp_path / "out").layout == name
    data = recognition.read_pictures(tmp_path / "out", None, "detection")
    assert set(data.classes) == set(CLASSES)
    found = {sample.path: sample.target for split in (data.train, data.val) for sample in split}
    for path, labels in BOXES.items():
        target = found.get(f"images/{path}")
        if not labels and target is None:
            continue  # VOC and LabelMe files without an object may count as unlabelled
        assert isinstance(target, Objects)
        assert [data.classes[number] for number in target.labels] == [CLASSES[label.number] for label in labels]
        expected = np.array([label.box for label in labels if label.box]).reshape(-1, 4)
        assert np.allclose(target.boxes, expected, atol=0.01), path


def test_classes_come_back_through_our_reader(tmp_path, pictures):
    write(tmp_path / "out", pictures, ["csv"], classifies=True)
    data = recognition.read_pictures(tmp_path / "out", None, "classification")
    assert data.classes == (CLASSES[1],)
    assert len(data.train) + len(data.val) == 3


def test_a_labelme_file_has_upright_pixels_and_a_way_to_its_picture(tmp_path, pictures):
    write(tmp_path / "out", pictures, ["labelme"], whole=False)
    file = tmp_path / "out" / "labelme" / "rot.json"
    content = json.loads(file.read_text())
    assert list(content) == ["version", "flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth"]
    assert content["version"].startswith("5.")
    assert (content["imageWidth"], content["imageHeight"]) == (20, 40)  # stored as 40 × 20
    assert content["shapes"][0]["points"] == [[3.0, 4.0], [19.0, 39.5]]
    assert content["flags"] == {}
    assert (file.parent / content["imagePath"]).resolve() == pictures / "rot.jpg"
    deep = json.loads((tmp_path / "out" / "labelme" / "夹" / "图1.json").read_text())
    assert (tmp_path / "out" / "labelme" / "夹" / deep["imagePath"]).resolve() == pictures / "夹" / "图1.jpg"


def test_a_classified_picture_is_flagged_and_one_below_the_threshold_is_not(tmp_path, pictures):
    output = Output(tmp_path / "out", pictures, CLASSES, ["labelme", "csv"], classifies=True, with_pictures=False)
    sure, unsure = labelled(pictures, {"rot.jpg": (Label(1, 0.8),), "空.png": ()})
    for one in (sure, unsure):
        output.add(one)
    output.finish(lambda: [sure, unsure])
    flags = [json.loads((tmp_path / f"out/labelme/{name}.json").read_text())["flags"] for name in ("rot", "空")]
    assert [[name for name in flag if flag[name]] for flag in flags] == [[CLASSES[1]], []]
    text = (tmp_path / "out" / "labels.csv").read_text("utf-8-sig")
    assert text == 'file,label,probability\nrot.jpg,"dog: ""a""",0.8000\n空.png,,\n'


def test_a_coco_file_names_every_picture_and_box(tmp_path, pictures):
    write(tmp_path / "out", pictures, ["coco"], whole=False)
    content = json.loads((tmp_path / "out" / "coco.json").read_text())
    assert [image["file_name"] for image in content["images"]] == list(BOXES)
    assert [one["name"] for one in content["categories"]] == list(CLASSES)
    first = content["annotations"][0]
    assert (first["bbox"], first["area"], first["category_id"], first["score"]) == (
        [1.5, 2.0, 10.0, 10.25],
        102.5,
        1,
        0.9,
    )
    assert [one["image_id"] for one in content["annotations"]] == [1, 1, 2]


def test_a_coco_file_without_pictures_is_json(tmp_path, pictures):
    Output(tmp_path / "out", pictures, CLASSES, ["coco"], classifies=False, with_pictures=False).finish(list)
    assert json.loads((tmp_path / "out" / "coco.json").read_text())["images"] == []


def test_control_characters_in_a_class_leave_voc_readable(tmp_path, pictures):
    output = Output(tmp_path / "out", pictures, ["a\x01<b>"], ["voc"], classifies=False, with_pictures=False)
    output.add(labelled(pictures, {"rot.jpg": (Label(0, 0.5, (0, 0, 9, 9)),)})[0])
    (found,) = read_annotation(tmp_path / "out/annotations/rot.xml").objects
    assert found.name == "a<b>"


def test_a_link_that_leads_out_is_not_written_through(tmp_path, pictures):
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "labels").symlink_to(outside)
    with pytest.raises(Refused, match="labels in the output folder out is a link"):
        write(tmp_path / "out", pictures, ["yolo"])
    assert list(outside.iterdir()) == []


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path, pictures):
    output = Output(tmp_path / "out", pictures, CLASSES, ["coco"], classifies=False, with_pictures=False)
    output.finish(list)
    before = (tmp_path / "out" / "coco.json").read_bytes()

    def broken():
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        output.finish(broken)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["coco.json"]
    assert (tmp_path / "out" / "coco.json").read_bytes() == before


def test_the_draft_of_a_killed_process_goes_with_the_next_one(tmp_path, pictures):
    draft = tmp_path / "out" / "labels" / ".draft.tmp"
    draft.parent.mkdir(parents=True)
    draft.write_bytes(b"half")
    write(tmp_path / "out", pictures, ["yolo"])
    assert not draft.exists()


def test_what_a_power_cut_took_is_written_again_and_corrections_stay(tmp_path, pictures):
    output = write(tmp_path / "out", pictures, ["labelme", "yolo"])
    names = ["labels/夹/图1.txt", "labels/rot.txt", "labelme/rot.json", "images/rot.jpg"]
    lost, torn, corrected, link = (tmp_path / "out" / name for name in names)
    expected = lost.read_bytes(), torn.read_bytes()
    lost.unlink()
    torn.write_bytes(b"")
    corrected.write_text("mine")
    link.unlink()
    for one in labelled(pictures):
        output.repair(one)
    assert (lost.read_bytes(), torn.read_bytes()) == expected
    assert corrected.read_text() == "mine"
    assert link.read_bytes() == (pictures / "rot.jpg").read_bytes()


def test_pictures_on_another_disk_are_copied(tmp_path, pictures, monkeypatch):
    def refuses(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuses)
    write(tmp_path / "out", pictures, ["yolo"])
    shutil.rmtree(pictures)
    assert upright_size(tmp_path / "out" / "images" / "rot.jpg") == (20, 40)
