"""Boxes of every layout become prompts of a segmentation task; outlines stay what they are."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from distillation.contract.sentence import Refused
from distillation.datasets import box_prompts
from distillation.datasets.samples import Objects
from distillation.tests.datasets.annotated import picture, text

VOC = (
    "<annotation><filename>{name}.png</filename><object><name>cat</name><bndbox><xmin>10</xmin><ymin>5</ymin>"
    "<xmax>30</xmax><ymax>15</ymax></bndbox></object></annotation>"
)
SHAPE = {"label": "cat", "points": [[10, 5], [30, 15]], "shape_type": "rectangle"}


def _yolo(root: Path, name: str) -> None:
    text(root / "labels" / f"{name}.txt", "0 0.5 0.5 0.5 0.5")
    text(root / "classes.txt", "cat")


def _voc(root: Path, name: str) -> None:
    text(root / "annotations" / f"{name}.xml", VOC.format(name=name))


def _labelme(root: Path, name: str) -> None:
    text(root / "images" / f"{name}.json", json.dumps({"imagePath": f"{name}.png", "shapes": [SHAPE]}))


def _coco(root: Path, name: str, **more: object) -> None:
    images = [{"id": number, "file_name": f"{one}.png"} for number, one in enumerate("abcd")]
    marked = [
        {"id": number, "image_id": number, "category_id": 1, "bbox": [10, 5, 20, 10], **more} for number in range(4)
    ]
    content = {"images": images, "annotations": marked, "categories": [{"id": 1, "name": "cat"}]}
    text(root / "annotations.json", json.dumps(content))


LAYOUTS = {"yolo": _yolo, "voc": _voc, "labelme": _labelme, "coco": _coco}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_boxes_of_every_layout_are_prompts(layout: str, tmp_path: Path):
    for name in "abcd":
        picture(tmp_path / "images" / f"{name}.png")
        LAYOUTS[layout](tmp_path, name)
    data = box_prompts.read(tmp_path, None)
    assert (data.layout, data.task_type) == (layout, "segmentation")
    assert data.classes == ("background", "cat")
    assert not data.findings
    for sample in (*data.train, *data.val):
        assert isinstance(sample.target, Objects)
        assert sample.target.boxed
        assert sample.target.labels.tolist() == [1]
        np.testing.assert_allclose(sample.target.boxes, [[10, 5, 30, 15]])


def test_outlines_are_no_mere_boxes(tmp_path: Path):
    for name in "abcd":
        picture(tmp_path / "images" / f"{name}.png")
    _coco(tmp_path, "", segmentation=[[10, 5, 30, 5, 30, 15]])
    data = box_prompts.read(tmp_path, None)
    assert not any(sample.target.boxed for sample in data.train if isinstance(sample.target, Objects))


def test_masks_alone_are_no_prompts(tmp_path: Path):
    for name in "abcd":
        picture(tmp_path / "images" / f"{name}.png")
        (tmp_path / "masks").mkdir(exist_ok=True)
        Image.fromarray(np.ones((20, 40), np.uint8)).save(tmp_path / "masks" / f"{name}.png")
    with pytest.raises(Refused, match=r"\(masks\) marks no boxes"):
        box_prompts.read(tmp_path, None)
