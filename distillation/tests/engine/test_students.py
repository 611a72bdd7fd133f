"""The students of the catalogue have their published sizes, answer in their shapes, and learn with every weight."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from distillation.contract.sentence import Refused
from distillation.contract.students import SMALL_STEM_BELOW, STUDENTS
from distillation.engine import students

PUBLISHED = {
    "resnet18": 11_689_512, "resnet34": 21_797_672, "resnet50": 25_557_032, "resnet101": 44_549_160,
    "vit-tiny": 5_717_416, "vit-small": 22_050_664, "vit-base": 86_567_656, "vit-large": 304_326_632,
}  # fmt: skip
"""For 1000 classes, at 224 pixels."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small networks gain nothing from more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def build(name: str, size: int, *, classes: int = 4, channels: int = 1) -> nn.Module:
    torch.manual_seed(3)
    return students.build(name, classes=classes, channels=channels, image_size=size)


def tensors(answer: object) -> Iterator[Tensor]:
    if isinstance(answer, Tensor):
        yield answer
    else:
        for part in answer:  # type: ignore[attr-defined]
            yield from tensors(part)


@pytest.mark.parametrize("name", STUDENTS)
def test_every_student_has_the_parameters_that_the_catalogue_states(name: str):
    student = STUDENTS[name]
    with torch.device("meta"):
        model = build(name, student.default_image_size, classes=student.classes, channels=student.channels)
    assert students.parameter_count(model) == student.parameters


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_catalogue_states_the_published_number_of_parameters(name: str):
    assert STUDENTS[name].parameters == PUBLISHED[name]


@pytest.mark.parametrize(("name", "millions"), [("unet-small", 7), ("unet-medium", 17), ("unet-large", 31)])
def test_a_unet_has_its_usual_size(name: str, millions: int):
    assert STUDENTS[name].parameters // 10**6 == millions


@pytest.mark.parametrize(("name", "hidden"), [("lstm-small", 256), ("lstm-medium", 512), ("lstm-large", 1024)])
def test_an_lstm_has_two_layers_of_its_width(name: str, hidden: int):
    gates = 4 * hidden
    layers = gates * (1 + hidden + 2) + gates * (2 * hidden + 2)
    assert STUDENTS[name].parameters == layers + 10 * 2 * hidden + 10


@pytest.mark.parametrize(("name", "size"), [("cnn-tiny", 8), ("resnet18", 8), ("resnet18", 96), ("vit-tiny", 32)])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_classifier_maps_grey_and_colour_pictures_to_logits_and_is_repeatable(name: str, size: int, channels: int):
    pictures = torch.zeros(2, channels, size, size)
    with torch.inference_mode():
        one, two = (build(name, size, channels=channels).eval()(pictures) for _ in range(2))
    assert one.shape == (2, 4)
    assert torch.equal(one, two)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_unet_answers_for_every_pixel_of_pictures_that_need_not_be_square(channels: int):
    model = build("unet-small", 32, channels=channels).eval()
    with torch.inference_mode():
        assert model(torch.zeros(1, channels, 32, 48)).shape == (1, 4, 32, 48)


def test_a_unet_sees_details_at_full_resolution():
    model = build("unet-small", 32).eval()
    picture = torch.zeros(1, 1, 32, 32)
    with torch.inference_mode():
        before = model(picture)
        picture[0, 0, 5, 5] = 3
        changed = (model(picture) - before).abs().sum(dim=1)[0]
    assert (changed > changed.max() / 2).sum() < 20
    assert changed[5, 5] > changed.max() / 4


def test_an_lstm_maps_sequences_of_any_length_to_logits():
    model = build("lstm-small", 0, channels=2)
    assert model(torch.zeros(3, 5, 2)).shape == (3, 4)
    assert model(torch.zeros(3, 9, 2)).shape == (3, 4)


def test_what_pads_a_sequence_does_not_change_its_logits():
    model = build("lstm-small", 0, channels=2).eval()
    short, long = torch.randn(1, 4, 2), torch.randn(1, 7, 2)
    padded = torch.cat((torch.cat((short, torch.full((1, 3, 2), 9.0)), dim=1), long))
    with torch.inference_mode():
        together = model(padded, torch.tensor([4, 7]))
        assert torch.allclose(together[0], model(short)[0], atol=1e-6)
        assert torch.allclose(together[1], model(long)[0], atol=1e-6)


def test_an_lstm_begins_with_open_forget_gates():
    model = build("lstm-small", 0)
    for layer in range(2):
        bias = getattr(model.lstm, f"bias_ih_l{layer}")
        assert torch.equal(bias[256:512], torch.ones(256))
        assert not torch.equal(bias[:256], torch.ones(256))


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("cnn-tiny", 8), ("resnet18", 32), ("resnet50", 96), ("vit-tiny", 32), ("unet-small", 32), ("lstm-small", 0),
        ("yolov8n", 64), ("yolov5n", 64),
    ],
)  # fmt: skip
def test_a_gradient_reaches_every_parameter(name: str, size: int):
    model = build(name, size, channels=2)
    inputs = torch.randn(2, 6, 2) if name.startswith("lstm") else torch.randn(2, 2, size, size)
    answer = model(inputs)
    loss = sum((part * torch.randn_like(part)).sum() for part in tensors(answer))
    loss.backward()
    # A bias of all keys shifts every score of a query alike, which softmax does not see.
    idle = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert [name for name in idle if "k_proj.bias" not in name] == []
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


@pytest.mark.parametrize(("name", "size"), [("resnet18", 32), ("yolov8n", 64), ("unet-small", 32)])
def test_convolutions_of_many_channels_compute_with_the_channels_last(name: str, size: int):
    seen: set[bool] = set()
    model = build(name, size, channels=3)
    for module in model.modules():
        if isinstance(module, nn.Conv2d) and module.in_channels >= 16:
            module.register_forward_hook(
                lambda module, inputs, answer: seen.add(answer.is_contiguous(memory_format=torch.channels_last))
            )
    model(torch.randn(2, 3, size, size))
    assert seen == {True}


def test_the_first_layer_of_a_resnet_for_small_pictures_keeps_their_resolution():
    assert students.stem("resnet18", SMALL_STEM_BELOW) == "conv3x3-stride1"
    assert students.stem("resnet18", SMALL_STEM_BELOW + 1) == "conv7x7-stride2-maxpool"
    assert students.stem("yolov5n", 640) == "conv6x6-stride2"


@pytest.mark.parametrize("name", STUDENTS)
def test_every_student_names_its_first_layer(name: str):
    assert students.stem(name, STUDENTS[name].default_image_size)


@pytest.mark.parametrize(
    ("name", "size", "words"),
    [
        ("yolov9n", 32, "no student model yolov9n"),
        ("vit-tiny", 40, "multiple of 16"),
        ("vit-large", 16, "at least 32"),
        ("yolov8n", 32, "at least 64"),
        ("yolov5x", 100, "multiple of 32"),
        ("unet-large", 40, "multiple of 16"),
        ("cnn-tiny", 7, "at least 8"),
    ],
)
def test_what_cannot_be_built_is_refused(name: str, size: int, words: str):
    with pytest.raises(Refused, match=words):
        students.build(name, classes=2, channels=3, image_size=size)


@pytest.mark.parametrize("name", [name for name, student in STUDENTS.items() if student.takes_pictures])
def test_the_usual_and_the_smallest_image_size_can_be_built(name: str):
    student = STUDENTS[name]
    for size in (student.default_image_size, student.min_image_size):
        with torch.device("meta"):
            build(name, size)


def test_a_student_that_normalises_over_a_batch_needs_pairs():
    assert students.needs_pairs(build("yolov8n", 64))
    assert students.needs_pairs(build("unet-small", 32))
    assert not students.needs_pairs(build("lstm-small", 0))
