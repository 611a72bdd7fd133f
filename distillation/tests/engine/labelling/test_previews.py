"""A job draws the first pictures with boxes, and no job fails for a drawing."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image

from distillation.datasets.writing.labels import Label, LabelledPicture
from distillation.engine.labelling import previews
from distillation.tests.datasets.annotated import picture
from distillation.tests.engine.labelling.samples import CLASSES, make_job, write_pictures, write_student


def labelled(root: Path, name: str, *labels: Label) -> LabelledPicture:
    picture(root / name, 40, 20)
    return LabelledPicture(name, Path(name).stem, 40, 20, labels)


def test_the_first_with_boxes_are_drawn_and_others_passed_over(tmp_path):
    box = Label(1, 0.9, (4.0, 4.0, 20.0, 16.0))
    found = [
        labelled(tmp_path, "empty.jpg"),
        labelled(tmp_path, "whole.jpg", Label(0, 0.5)),
        labelled(tmp_path, "gone.jpg", box),
        *(labelled(tmp_path, f"{number}.jpg", box, Label(0, 0.5)) for number in range(8)),
    ]
    (tmp_path / "gone.jpg").unlink()
    drawn = previews.draw(tmp_path / "job", tmp_path, found, CLASSES)
    assert drawn == [f"pictures/{number}.jpg" for number in range(1, 7)]
    assert {Image.open(tmp_path / "job" / name).size for name in drawn} == {(400, 200)}
    assert not (tmp_path / "job" / "pictures" / "7.jpg").exists()


def test_a_detectors_job_names_its_drawings_and_a_classifiers_has_none(tmp_path):
    write_pictures(tmp_path / "in")
    write_student(tmp_path / "model")
    assert make_job(tmp_path).perform()["drawn"] == []
    write_student(tmp_path / "model", "yolov8n", 64, 3)
    job = make_job(tmp_path, formats=("yolo",), threshold=0.0001, output_path="boxes")
    drawn = job.perform()["drawn"]
    assert len(drawn) == previews.COUNT
    assert all((tmp_path / "job" / name).is_file() for name in drawn)
    assert json.loads((tmp_path / "job" / "result.json").read_text())["drawn"] == drawn
