"""What a segmentation model has found comes back pixel for pixel through our readers, from every format."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from distillation.contract.labelling import FORMATS
from distillation.datasets import class_maps, mask_outlines, recognition
from distillation.datasets.pictures import upright_size
from distillation.datasets.samples import IGNORED
from distillation.datasets.writing.labels import Label, LabelledPicture
from distillation.datasets.writing.output import Output
from distillation.tests.datasets.annotated import SIDEWAYS, every, picture

CLASSES = ("background", "猫", "dog b")


def shapes(height: int, width: int) -> np.ndarray:
    """A class map with a ring, something in its hole, and a wedge at the edge."""
    rows, columns = np.mgrid[:height, :width] + 0.5
    distance = np.hypot(rows - height / 2, columns - width / 2)
    side = min(height, width)
    numbers = np.zeros((height, width), np.uint8)
    numbers[(distance < 0.45 * side) & (distance > 0.25 * side)] = 1
    numbers[distance < 0.12 * side] = 2
    numbers[(rows + columns < 0.4 * side)] = 2
    return numbers


def labelled(root: Path, path: str, numbers: np.ndarray) -> LabelledPicture:
    found = []
    for number in (1, 2):
        pieces, _count = ndimage.label(numbers == number)
        for piece, (rows, columns) in enumerate(ndimage.find_objects(pieces), 1):
            patch = pieces[rows, columns] == piece
            polygon = np.add(mask_outlines.outline(patch), (columns.start, rows.start))
            found.append(Label.outlined(number, 0.8, polygon))
    one = LabelledPicture(path, path.rpartition(".")[0], *upright_size(root / path), tuple(found))
    return LabelledPicture.from_json(json.loads(json.dumps(one.as_json())))  # as a record keeps it


@pytest.fixture
def found(tmp_path: Path) -> list[LabelledPicture]:
    root = tmp_path / "in"
    picture(root / "夹/图1.png", 120, 90)
    picture(root / "rot.png", 120, 90, orientation=SIDEWAYS)
    picture(root / "空.png", 30, 30)
    return [
        labelled(root, "夹/图1.png", shapes(90, 120)),
        labelled(root, "rot.png", shapes(120, 90)),
        labelled(root, "空.png", np.zeros((30, 30), np.uint8)),
    ]


def write(tmp_path: Path, found: list[LabelledPicture], formats: tuple[str, ...], classes=CLASSES) -> Path:
    output = Output(tmp_path / "out", tmp_path / "in", classes, formats, classifies=False, with_pictures=True)
    for one in found:
        output.add(one)
    output.finish(lambda: found)
    return tmp_path / "out"


@pytest.mark.parametrize("formats", [*((name,) for name in FORMATS["segmentation"]), FORMATS["segmentation"]])
def test_masks_come_back_through_our_reader(tmp_path, found, formats):
    root = write(tmp_path, found, formats)
    data = recognition.read_pictures(root, None, "segmentation")
    assert data.layout == ("yolo" if len(formats) > 1 else formats[0])
    assert data.findings == () or {finding.kind for finding in data.findings} == {"empty"}
    assert set(data.classes) == set(CLASSES)
    for one, numbers in zip(found, (shapes(90, 120), shapes(120, 90)), strict=False):
        sample = every(data)[f"images/{one.path}"]
        back = class_maps.class_map(root, sample, (one.width, one.height), len(CLASSES))
        for number, name in enumerate(CLASSES):
            read = back == data.classes.index(name)
            same, either = read & (numbers == number), read | (numbers == number)
            assert same.sum() / either.sum() >= 0.98, (one.path, number)


@pytest.mark.parametrize("name", ["labelme", "coco", "masks"])
def test_each_format_is_read_where_all_were_written(tmp_path, found, name):
    root = write(tmp_path, found, FORMATS["segmentation"])
    layouts = {one.name: one for one in recognition._LAYOUTS}
    data = layouts[name].read(root, None, "segmentation")
    assert {f"images/{one.path}" for one in found[:2]} <= set(every(data))  # type: ignore[arg-type]


def test_labelme_and_coco_hold_polygons(tmp_path, found):
    root = write(tmp_path, found, ("labelme", "coco"))
    shape = json.loads((root / "labelme" / "rot.json").read_text())["shapes"][0]
    assert (shape["shape_type"], shape["label"], shape["description"]) == ("polygon", "猫", "score 0.8000")
    content = json.loads((root / "coco.json").read_text())
    first = content["annotations"][0]
    assert np.reshape(first["segmentation"], (-1, 2)).tolist() == [[*map(float, p)] for p in found[0].labels[0].points]
    assert first["area"] == pytest.approx((shapes(90, 120) == 1).sum(), rel=0.02)  # without its hole
    assert content["images"][0]["file_name"] == "images/夹/图1.png"


def test_a_mask_of_classes_without_background_says_where_nobody_knows(tmp_path, found):
    root = write(tmp_path, found, ("masks",), classes=("sky", *CLASSES[1:]))
    values = np.asarray(Image.open(root / "masks" / "rot.png"))
    assert values.shape == (120, 90)
    assert set(np.unique(values)) == {1, 2, IGNORED}
    assert np.array_equal(values == IGNORED, np.asarray(values) > 2)
