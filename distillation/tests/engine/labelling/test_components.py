"""A segmentation model's classes become objects in the pixels of the picture as it was sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from distillation.contract.sentence import Refused
from distillation.datasets import class_maps, recognition
from distillation.datasets.writing.labels import Label
from distillation.engine import students
from distillation.engine.detection.letterbox import Letterbox
from distillation.engine.labelling import previews
from distillation.engine.labelling.components import LEAST_AREA, likeliest
from distillation.engine.labelling.predictors import Segmenter, _Model, thresholds
from distillation.tests.datasets.annotated import SIDEWAYS, every
from distillation.tests.engine.labelling.samples import make_job, write_student

SIZE = 64
CLASSES = ("background", "red", "green")
LEAST = (0.5,) * 3
RED, GREEN, GREY = (255, 0, 0), (0, 255, 0), (114, 114, 114)


class Colours(torch.nn.Module):
    """Knows classes by colour: ``[batch, 3, S, S]`` of -1 … 1 to logits; ``sharp`` says how sure it is."""

    def __init__(self, sharp: float = 20.0) -> None:
        super().__init__()
        self.sharp = sharp

    def forward(self, pictures):
        red, green = pictures[:, 0], pictures[:, 1]
        return self.sharp * torch.stack([torch.zeros_like(red), red - green - 1, green - red - 1], dim=1)


def segmenter(sharp: float = 20.0) -> Segmenter:
    return Segmenter(_Model(Colours(sharp), CLASSES, 3, SIZE, "cpu"))


def painted(path: Path, width: int, height: int, *marks: tuple[tuple[int, int, int, int], tuple[int, int, int]]):
    """A grey picture with rectangles, stored turned where the name says so; returns the class map of it."""
    pixels = np.full((height, width, 3), GREY, np.uint8)
    numbers = np.zeros((height, width), np.uint8)
    for (left, top, right, bottom), colour in marks:
        pixels[top:bottom, left:right] = colour
        numbers[top:bottom, left:right] = {RED: 1, GREEN: 2, GREY: 0}[colour]
    image, exif = Image.fromarray(pixels), Image.Exif()
    if "turned" in path.name:
        image = image.transpose(Image.Transpose.ROTATE_90)
        exif[0x112] = SIDEWAYS
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, exif=exif)
    return numbers


def found(path: Path, least=LEAST, sharp: float = 20.0) -> tuple[Label, ...]:
    model = segmenter(sharp)
    (labels,) = model.predict([model.read(path)], least)
    return labels


def classes_of(path: Path, width: int, height: int) -> np.ndarray:
    """What the model says of every pixel of the picture."""
    pixels = torch.from_numpy(segmenter().read(path).pixels.copy())[None]
    probabilities = Colours()(students.normalise(pixels)).softmax(dim=1)[0].numpy()
    return likeliest(probabilities, Letterbox(width, height, SIZE))[0]


@pytest.mark.parametrize("name", ["x.png", "turned.png"])
@pytest.mark.parametrize(("width", "height"), [(256, 128), (100, 180), (64, 64), (40, 30), (501, 333)])
def test_an_object_lies_where_it_is_in_the_upright_picture(tmp_path, name, width, height):
    box = (width // 4, height // 4, width // 4 + width // 2, height // 4 + height // 2)
    numbers = painted(tmp_path / name, width, height, (box, RED))
    (label,) = found(tmp_path / name)
    assert (label.number, label.score > 0.8) == (1, True)
    scale = max(1.0, max(width, height) / SIZE)  # pixels of the picture in one that the model saw
    assert label.box == pytest.approx(box, abs=0.8 * scale)
    drawn = class_maps.shape_mask((np.array(label.points, np.float32),), (width, height))
    assert (drawn & (numbers == 1)).sum() / (drawn | (numbers == 1)).sum() > 0.9


def test_pieces_of_one_class_are_objects_of_their_own_and_specks_are_none(tmp_path):
    marks = [((4, 4, 20, 20), RED), ((30, 4, 50, 20), RED), ((4, 30, 24, 60), GREEN), ((60, 60, 63, 63), RED)]
    painted(tmp_path / "x.png", 64, 64, *marks)
    assert LEAST_AREA > 3 * 3
    assert sorted(label.number for label in found(tmp_path / "x.png")) == [1, 1, 2]


def test_a_speck_is_measured_in_pixels_that_the_model_saw(tmp_path):
    painted(tmp_path / "x.png", 640, 640, ((300, 300, 330, 330), RED))  # 9 of the model's pixels
    assert found(tmp_path / "x.png") == ()


def test_a_hole_stays_and_a_speck_in_an_object_is_filled(tmp_path):
    painted(tmp_path / "x.png", 64, 64, ((4, 4, 60, 60), RED), ((20, 20, 40, 40), GREY), ((50, 50, 53, 53), GREEN))
    (label,) = found(tmp_path / "x.png")
    drawn = class_maps.shape_mask((np.array(label.points, np.float32),), (64, 64))
    assert not drawn[22:38, 22:38].any()
    assert drawn[48:56, 48:56].all()


def test_the_mean_probability_of_an_object_meets_the_threshold_of_its_class(tmp_path):
    painted(tmp_path / "x.png", 64, 64, ((0, 0, 30, 30), RED), ((32, 32, 64, 64), GREEN))
    both = found(tmp_path / "x.png", sharp=1.0)
    score = float(torch.tensor([0.0, 1.0, -3.0]).softmax(0)[1])
    assert [label.score for label in both] == pytest.approx([score, score], abs=0.02)
    strict = thresholds(CLASSES, 0.5, [("green", 0.9)], "segmentation")
    assert [label.number for label in found(tmp_path / "x.png", strict, sharp=1.0)] == [1]


def test_the_background_has_no_threshold():
    with pytest.raises(Refused, match="Thresholds name the classes background; the model knows red, green"):
        thresholds(CLASSES, 0.5, [("background", 0.5)], "segmentation")


def test_a_job_writes_every_format_counts_objects_and_goes_on(tmp_path, monkeypatch):
    write_student(tmp_path / "model", "unet-small", 32, 3)
    monkeypatch.setattr("distillation.engine.labelling.predictors.load", lambda *_: segmenter())
    painted(tmp_path / "in" / "a" / "x.png", 100, 80, ((10, 10, 50, 60), RED), ((60, 20, 90, 70), GREEN))
    painted(tmp_path / "in" / "turned.png", 50, 40, ((10, 10, 40, 30), GREEN))
    painted(tmp_path / "in" / "empty.png", 30, 30)
    (tmp_path / "in" / "torn.png").write_bytes(b"\x89PNG")
    asked: dict[str, Any] = {"formats": ("labelme", "yolo", "coco", "masks"), "threshold": 0.5, "with_pictures": True}
    result = make_job(tmp_path, **asked).perform()
    assert [result[name] for name in ("total", "succeeded", "failed", "objects", "empty")] == [4, 3, 1, 3, 1]
    assert result["failures"][0][0] == "torn.png"
    assert result["drawn"] == ["pictures/1.jpg", "pictures/2.jpg"]
    out = tmp_path / "out"
    data = recognition.read_pictures(out, None, "segmentation")
    back = class_maps.class_map(out, every(data)["images/a/x.png"], (100, 80), 3)
    said = classes_of(tmp_path / "in" / "a" / "x.png", 100, 80)
    for number in (1, 2):
        assert ((back == number) & (said == number)).sum() >= 0.98 * ((back == number) | (said == number)).sum() > 0
    names = [f"{folder}/turned{end}" for folder, end in (("labelme", ".json"), ("labels", ".txt"), ("masks", ".png"))]
    before = [(out / name).read_bytes() for name in [*names, "coco.json"]]
    for name in names:
        (out / name).unlink()
    again = make_job(tmp_path, **asked).perform()
    assert (again["labelled_in_this_attempt"], again["objects"]) == (0, 3)
    assert [(out / name).read_bytes() for name in [*names, "coco.json"]] == before


def test_a_real_student_labels_and_previews_show_its_polygons(tmp_path):
    write_student(tmp_path / "model", "unet-small", 32, 3)
    for number in range(3):
        painted(tmp_path / "in" / f"{number}.png", 60, 40, ((8 * number, 8, 40, 32), RED))
    result = make_job(tmp_path, formats=("labelme",), threshold=0.0).perform()
    assert (result["task_type"], result["succeeded"]) == ("segmentation", 3)
    shapes = json.loads((tmp_path / "out" / "labelme" / "0.json").read_text())["shapes"]
    assert {shape["shape_type"] for shape in shapes} == {"polygon"}
    assert len(result["drawn"]) == min(3, previews.COUNT)


def test_boxes_of_xml_are_not_for_masks(tmp_path):
    write_student(tmp_path / "model", "unet-small", 32, 3)
    with pytest.raises(Refused, match="segmentation cannot write voc; it can write labelme, yolo, coco, masks"):
        make_job(tmp_path, formats=("voc",)).perform()
