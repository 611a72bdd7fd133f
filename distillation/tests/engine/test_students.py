"""The students of the catalogue have their published sizes, and two builds from one seed are equal."""

from __future__ import annotations

import pytest
import torch

from distillation.contract.sentence import Refused
from distillation.contract.students import SMALL_STEM_BELOW, STUDENTS
from distillation.engine import students


@pytest.mark.parametrize("name", STUDENTS)
def test_every_student_has_its_published_number_of_parameters(name: str):
    student = STUDENTS[name]
    classes, channels = (10, 1) if name == "cnn-tiny" else (1000, 3)
    with torch.device("meta"):
        model = students.build(name, classes=classes, channels=channels, image_size=student.default_image_size)
    assert students.parameter_count(model) == student.parameters


@pytest.mark.parametrize(("name", "size"), [("cnn-tiny", 8), ("resnet18", 8), ("resnet18", 96), ("vit-tiny", 32)])
def test_a_student_maps_pictures_to_logits_and_is_repeatable(name: str, size: int):
    def build() -> torch.nn.Module:
        torch.manual_seed(3)
        return students.build(name, classes=4, channels=1, image_size=size).eval()

    pictures = torch.zeros(2, 1, size, size)
    with torch.inference_mode():
        one, two = build()(pictures), build()(pictures)
    assert one.shape == (2, 4)
    assert torch.equal(one, two)


def test_a_resnet_for_small_pictures_keeps_its_resolution_at_the_stem():
    assert students.stem("resnet18", SMALL_STEM_BELOW) == "conv3x3-stride1"
    assert students.stem("resnet18", SMALL_STEM_BELOW + 1) == "conv7x7-stride2-maxpool"


@pytest.mark.parametrize(
    ("name", "size", "words"), [("yolov8n", 32, "no student model yolov8n"), ("vit-tiny", 40, "multiple of 16")]
)
def test_what_cannot_be_built_is_refused(name: str, size: int, words: str):
    with pytest.raises(Refused, match=words):
        students.build(name, classes=2, channels=3, image_size=size)
