"""Labels are in pixels of the upright picture, whatever the model sees of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from distillation.contract.sentence import Refused
from distillation.engine import export, students
from distillation.engine.detection.outputs import REG_MAX, Detections
from distillation.engine.labelling import predictors
from distillation.engine.labelling.predictors import Detector, _Model, thresholds
from distillation.tests.datasets.annotated import SIDEWAYS, picture
from distillation.tests.engine.labelling.samples import CLASSES, write_student

SIZE = 64


class OneBox(torch.nn.Module):
    """Answers with one box of 16 pixels around the centre of the first cell of the coarsest level."""

    def forward(self, pictures):
        cells = sum((SIZE // stride) ** 2 for stride in (8, 16, 32))
        place = cells - (SIZE // 32) ** 2
        classes = torch.full((len(pictures), cells, 3), -9.0)
        classes[:, place, 1] = 3.0
        boxes = torch.zeros(len(pictures), cells, 4 * REG_MAX)
        boxes.view(len(pictures), cells, 4, REG_MAX)[..., 0] = 50.0  # distances 0 …
        sides = boxes.view(len(pictures), cells, 4, REG_MAX)[:, place]
        sides[...] = -50.0
        sides[..., 0] = sides[..., 1] = 50.0  # … and half a stride, which is 16 pixels
        return Detections(classes, boxes, (torch.zeros(1),) * 3)


@pytest.fixture
def detector() -> Detector:
    return Detector(_Model(OneBox(), CLASSES, 3, SIZE, "cpu"))


@pytest.mark.parametrize(
    ("stored", "orientation", "upright", "box"),
    [
        # 0…32 of the square, of which 16…48 hold the picture: its upper half, and twice as large
        ((128, 64), None, (128, 64), (0, 0, 64, 32)),
        ((128, 64), SIDEWAYS, (64, 128), (0, 0, 32, 64)),
        ((64, 64), None, (64, 64), (0, 0, 32, 32)),
    ],
)
def test_boxes_are_in_upright_pixels(tmp_path, detector, stored, orientation, upright, box):
    prepared = detector.read(picture(tmp_path / "x.jpg", stored[0], stored[1], orientation))
    assert (prepared.width, prepared.height) == upright
    ((label,),) = detector.predict([prepared], (0.5,) * 3)
    assert label.number == 1
    assert label.score == pytest.approx(torch.sigmoid(torch.tensor(3.0)).item(), abs=1e-4)
    assert label.box == pytest.approx(box, abs=0.02)


def test_a_class_has_its_own_threshold(tmp_path, detector):
    prepared = detector.read(picture(tmp_path / "x.jpg"))
    assert detector.predict([prepared], thresholds(CLASSES, 0.5, [(CLASSES[1], 0.99)])) == [()]
    assert len(detector.predict([prepared], thresholds(CLASSES, 0.99, [(CLASSES[1], 0.5)]))[0]) == 1


def test_a_threshold_of_an_unknown_class_is_refused():
    with pytest.raises(Refused, match="Thresholds name the classes 鱼; the model knows 猫, 狗, 鸟"):
        thresholds(CLASSES, 0.5, [("鱼", 0.5)])


def test_a_classifier_answers_what_the_network_answers(tmp_path):
    write_student(tmp_path / "model")
    predictor = predictors.load(tmp_path / "model", threads=1)
    pixels = np.random.default_rng(0).integers(0, 255, (8, 8), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "x.png")
    network, _ = export.load_student(tmp_path / "model")
    with torch.inference_mode():
        expected = network(students.normalise(torch.from_numpy(pixels)[None, None])).softmax(1)[0]
    ((label,),) = predictor.predict([predictor.read(tmp_path / "x.png")], (0.0,) * 3)
    assert label.number == int(expected.argmax())
    assert label.score == pytest.approx(float(expected.max()), abs=1e-4)
    assert predictor.predict([predictor.read(tmp_path / "x.png")], (0.99,) * 3) == [()]


def test_a_real_detector_labels(tmp_path):
    write_student(tmp_path / "model", "yolov8n", SIZE, 3)
    predictor = predictors.load(tmp_path / "model", threads=1)
    (labels,) = predictor.predict([predictor.read(picture(tmp_path / "x.jpg", 40, 20))], (0.0001,) * 3)
    assert labels
    for left, top, right, bottom in (label.box for label in labels if label.box):
        assert 0 <= left < right <= 40
        assert 0 <= top < bottom <= 20


def test_a_model_that_has_no_labels_to_write_is_refused(tmp_path):
    write_student(tmp_path / "model", "lstm-small", 0, 2)
    with pytest.raises(Refused, match="made for sequence; pictures are labelled by models for classification, detect"):
        predictors.load(tmp_path / "model")
