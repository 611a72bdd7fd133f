"""The detectors: published sizes and names, the order of anchors, sides and levels, and a calm beginning."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
import torch
from torch import nn
from torch.nn import functional

from distillation.contract.students import STUDENTS
from distillation.engine import students
from distillation.engine.detection.outputs import REG_MAX, STRIDES, Detections
from distillation.engine.students.yolo_blocks import C3, C2f, Sppf

PUBLISHED = {
    "yolov8n": 3_157_200, "yolov8s": 11_166_560, "yolov8m": 25_902_640, "yolov8l": 43_691_520, "yolov8x": 68_229_648,
    "yolov5n": 2_654_816, "yolov5s": 9_153_152, "yolov5m": 25_111_456,
}  # fmt: skip
MILLIONS = {"yolov5l": 53.2, "yolov5x": 97.2}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small networks gain nothing from more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def build(name: str, *, classes: int = 5, channels: int = 3, size: int = 64) -> nn.Module:
    torch.manual_seed(3)
    return students.build(name, classes=classes, channels=channels, image_size=size)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_detector_has_the_published_parameters_but_for_the_sixteen_constants_of_its_bins(name: str):
    assert STUDENTS[name].parameters + REG_MAX == PUBLISHED[name]


@pytest.mark.parametrize("name", MILLIONS)
def test_a_detector_is_within_one_percent_of_the_published_size(name: str):
    assert math.isclose(STUDENTS[name].parameters / 1e6, MILLIONS[name], rel_tol=0.01)


def test_names_and_shapes_are_those_of_the_published_weights():
    shapes = {name: tuple(tensor.shape) for name, tensor in build("yolov8n", classes=80, size=640).state_dict().items()}
    for name, shape in {
        "model.0.conv.weight": (16, 3, 3, 3),
        "model.0.bn.running_mean": (16,),
        "model.2.cv1.conv.weight": (32, 32, 1, 1),
        "model.2.m.0.cv1.conv.weight": (16, 16, 3, 3),
        "model.2.cv2.conv.weight": (32, 48, 1, 1),
        "model.6.m.1.cv2.bn.weight": (64,),
        "model.9.cv2.conv.weight": (256, 512, 1, 1),
        "model.12.cv1.conv.weight": (128, 384, 1, 1),
        "model.15.cv1.conv.weight": (64, 192, 1, 1),
        "model.18.cv1.conv.weight": (128, 192, 1, 1),
        "model.21.cv1.conv.weight": (256, 384, 1, 1),
        "model.22.cv2.0.0.conv.weight": (64, 64, 3, 3),
        "model.22.cv2.2.2.weight": (64, 64, 1, 1),
        "model.22.cv3.0.0.conv.weight": (80, 64, 3, 3),
        "model.22.cv3.2.2.bias": (80,),
    }.items():
        assert shapes[name] == shape, name
    assert len([name for name in shapes if not name.endswith("num_batches_tracked")]) == 297


@pytest.mark.parametrize("name", ["yolov8n", "yolov5n"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_detector_answers_for_every_cell_of_three_levels(name: str, channels: int):
    model = build(name, channels=channels, size=96).eval()
    with torch.inference_mode():
        answer = model(torch.zeros(2, channels, 96, 96))
    assert isinstance(answer, Detections)
    anchors = sum((96 // stride) ** 2 for stride in STRIDES)
    assert answer.classes.shape == (2, anchors, 5)
    assert answer.boxes.shape == (2, anchors, 4 * REG_MAX)
    assert [tuple(level.shape[1:]) for level in answer.features] == [(64, 12, 12), (128, 6, 6), (256, 3, 3)]


def test_anchors_come_level_by_level_and_row_by_row():
    head = build("yolov8n", size=128).eval().model[-1]
    levels = tuple(torch.randn(1, width, cells, cells) for width, cells in ((64, 16), (128, 8), (256, 4)))
    begin = 0
    with torch.inference_mode():
        answer = head(levels)
        for level, boxes, classes in zip(levels, head.cv2, head.cv3, strict=True):
            cells = level.shape[-1]
            for row, column in ((0, 0), (0, cells - 1), (cells - 1, 0), (1, 2)):
                anchor = begin + row * cells + column
                assert torch.allclose(answer.boxes[0, anchor], boxes(level)[0, :, row, column], atol=1e-6)
                assert torch.allclose(answer.classes[0, anchor], classes(level)[0, :, row, column], atol=1e-6)
            begin += cells**2
    assert begin == answer.boxes.shape[1]


@pytest.mark.parametrize("name", ["yolov8n", "yolov5n"])
def test_a_new_detector_expects_few_objects_so_that_its_first_loss_is_small(name: str):
    size = 256
    model = build(name, classes=10, size=size)
    answer = model(torch.randn(2, 3, size, size))
    expected = answer.classes.sigmoid().sum(dim=(1, 2))
    assert ((expected > 1) & (expected < 60)).all()  # five objects a level
    loss = functional.binary_cross_entropy_with_logits(answer.classes, torch.zeros_like(answer.classes))
    assert loss < 0.1
    assert torch.isfinite(answer.boxes).all()


def test_a_cell_sees_what_lies_around_it_most():
    model = build("yolov5n", size=256).eval()
    picture = torch.randn(1, 3, 256, 256)
    with torch.inference_mode():
        before = model(picture).features[0]
        picture[:, :, 128:136, 64:72] += 5
        changed = (model(picture).features[0] - before).abs().sum(dim=1)[0]
    row, column = divmod(int(changed.argmax()), changed.shape[1])
    assert abs(row - 16) <= 2
    assert abs(column - 8) <= 2


def new_block(block: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for parameter in block.parameters():
        nn.init.normal_(parameter, std=0.3)
    return block.eval()


def test_a_c2f_stage_joins_both_halves_and_each_bottleneck_in_order():
    block, x = new_block(C2f(6, 8, 2, shortcut=True)), torch.randn(2, 6, 5, 5)
    first, second = block.cv1(x)[:, :4], block.cv1(x)[:, 4:]
    third = second + block.m[0].cv2(block.m[0].cv1(second))
    fourth = third + block.m[1].cv2(block.m[1].cv1(third))
    assert torch.allclose(block(x), block.cv2(torch.cat((first, second, third, fourth), dim=1)), atol=1e-5)


def test_a_c3_stage_joins_the_changed_half_before_the_other():
    block, x = new_block(C3(6, 8, 1, shortcut=False)), torch.randn(2, 6, 5, 5)
    changed = block.m[0].cv2(block.m[0].cv1(block.cv1(x)))
    assert torch.allclose(block(x), block.cv3(torch.cat((changed, block.cv2(x)), dim=1)), atol=1e-5)


def test_pyramid_pooling_looks_through_windows_of_five_nine_and_thirteen():
    block, x = new_block(Sppf(4, 6)), torch.randn(1, 4, 16, 16)
    narrow = block.cv1(x)
    windows = [functional.max_pool2d(narrow, size, stride=1, padding=size // 2) for size in (5, 9, 13)]
    assert torch.allclose(block(x), block.cv2(torch.cat((narrow, *windows), dim=1)), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "last_of_backbone", "stages"),
    [("yolov8n", 9, {2: 1, 4: 2, 6: 2, 8: 1, 12: 1, 15: 1, 18: 1, 21: 1}),
     ("yolov5n", 9, {2: 1, 4: 2, 6: 3, 8: 1, 13: 1, 17: 1, 20: 1, 23: 1})],
)  # fmt: skip
def test_only_the_stages_of_the_backbone_have_shortcuts(name: str, last_of_backbone: int, stages: dict[int, int]):
    model = build(name)
    found = {
        number: layer
        for number, layer in enumerate(model.get_submodule("model").children())
        if isinstance(layer, (C2f, C3))
    }
    assert {number: len(layer.m) for number, layer in found.items()} == stages
    for number, layer in found.items():
        assert {bottleneck.shortcut for bottleneck in layer.m} == {number < last_of_backbone}


@pytest.mark.slow
def test_a_detector_learns_to_tell_two_pictures_apart():
    model = build("yolov8n", classes=2)
    pictures, labels = torch.randn(4, 3, 64, 64), torch.tensor([0, 1, 0, 1])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(8):
        logits = model(pictures).classes.mean(dim=1)
        loss = functional.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
