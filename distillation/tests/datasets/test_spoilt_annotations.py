"""Annotation files with bytes changed, cut or doubled: read or refused, never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distillation.contract.sentence import Refused
from distillation.datasets import coco, labelme, voc, yolo
from distillation.tests.datasets.annotated import document, picture, text

OBJECT = "<object><name>cat</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object>"
POLYGON = [[1.5, 1], [9, 1], [9, 9.25]]


def _yolo(root: Path) -> Path:
    text(root / "classes.txt", "cat")
    text(root / "b.txt", "0 0.5 0.5 0.2 0.2")
    return text(root / "a.txt", "0 0.5 0.5 0.25 0.25\n0 0.1 0.1 0.5 0.1 0.5 0.9\n")


def _yolo_settings(root: Path) -> Path:
    for name in "ab":
        text(root / f"{name}.txt", "0 0.5 0.5 0.2 0.2")
    return text(root / "data.yaml", "path: .\ntrain: .\nval: [.]\nnames: {0: cat, 1: dog}\n")


def _coco(root: Path) -> Path:
    marks = {"iscrowd": 0, "bbox": [1, 1, 8.5, 8], "segmentation": [[1, 1, 9, 1, 9, 9]], "category_id": 1}
    runs = {**marks, "segmentation": {"size": [20, 40], "counts": [100, 5, 695]}}
    images = [{"id": number, "file_name": f"{name}.png", "width": 40, "height": 20} for number, name in enumerate("ab")]
    annotations = [{"id": 1, "image_id": 0, **marks}, {"id": 2, "image_id": 1, **runs}]
    return document(
        root / "coco.json", {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "cat"}]}
    )


def _voc(root: Path) -> Path:
    text(root / "b.xml", f"<annotation>{OBJECT}</annotation>")
    size = "<size><width>40</width><height>20</height></size>"
    return text(root / "a.xml", f"<annotation><filename>a.png</filename>{size}{OBJECT}</annotation>")


def _labelme(root: Path) -> Path:
    value = {"imagePath": "b.png", "shapes": [{"label": "cat", "shape_type": "polygon", "points": POLYGON}]}
    document(root / "b.json", value)
    return document(root / "a.json", {**value, "imagePath": "a.png", "imageWidth": 40, "imageHeight": 20})


@pytest.mark.parametrize(
    ("reader", "write", "task_type"),
    [
        (yolo, _yolo, "segmentation"),
        (yolo, _yolo_settings, "detection"),
        (coco, _coco, "segmentation"),
        (coco, _coco, "detection"),
        (voc, _voc, "detection"),
        (labelme, _labelme, "segmentation"),
    ],
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_spoilt_file_is_read_or_refused(
    tmp_path: Path, reader: ModuleType, write: Callable[[Path], Path], task_type: str, data: st.DataObject
):
    root = tmp_path / "set"
    if not root.exists():
        for name in "ab":
            picture(root / f"{name}.png")
    path = write(root)
    content = path.read_bytes()
    start = data.draw(st.integers(0, len(content) - 1))
    end = data.draw(st.integers(start, min(len(content), start + 12)))
    tokens = [b"NaN", b"1e400", b"-1", b'"', b"null", b"[]", b"{}", b"9" * 400, b"\x00", b"<a>", b"true", b"&amp;", b""]
    patch = data.draw(st.sampled_from(tokens) | st.binary(max_size=6))
    path.write_bytes(content[:start] + patch + content[end:])
    try:
        found = reader.read(root, None, task_type)
    except Refused:
        return
    assert found.train
    assert found.val
