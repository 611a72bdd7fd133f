"""A student starts from weights of other programs and of other tasks, or the reason why not is told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from distillation.contract.sentence import Refused
from distillation.engine import export, students
from distillation.engine.students import pretrained
from distillation.tests.engine import foreign_names
from distillation.tests.engine.samples import PROJECT

CLASSES = ("bar", "cross", "dot")
SIZES = {
    "cnn-tiny": 8, "resnet18": 96, "resnet50": 96, "vit-tiny": 32, "yolov8n": 64, "yolov8s": 64, "yolov5n": 64,
    "unet-small": 32, "lstm-small": 0,
}  # fmt: skip
ONE_A_FAMILY = ["cnn-tiny", "resnet18", "vit-tiny", "yolov8n", "yolov5n", "unet-small", "lstm-small"]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small networks gain nothing from more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def build(
    arch: str, seed: int, *, classes: int = len(CLASSES), channels: int = 3, size: int | None = None
) -> nn.Module:
    torch.manual_seed(seed)
    model = students.build(arch, classes=classes, channels=channels, image_size=SIZES[arch] if size is None else size)
    for tensor in model.state_dict().values():  # new normalisations are all alike, which would hide a mix-up
        if tensor.dim() == 1:
            tensor.uniform_(0.5, 1.5)
    return model.eval()


def write(path: Path, state: dict[str, Tensor]) -> Path:
    save_file({name: tensor.contiguous().clone() for name, tensor in state.items()}, path)
    return path


def export_student(folder: Path, model: nn.Module, arch: str, classes: tuple[str, ...] = CLASSES) -> Path:
    config = export.describe(
        model, arch=arch, classes=classes, channels=3, image_size=SIZES[arch], task_id="TASK_00000001"
    )
    export.save_student(folder, model.state_dict(), config)
    return folder


def differing(one: nn.Module, other: nn.Module) -> list[str]:
    """Names of weights and statistics that are not equal."""
    theirs = other.state_dict()
    return [
        name
        for name, tensor in one.state_dict().items()
        if not name.endswith("num_batches_tracked") and not torch.equal(tensor, theirs[name])
    ]


NAMINGS = [
    ("resnet18", foreign_names.torchvision_resnet, "torchvision, timm"),
    ("resnet50", foreign_names.torchvision_resnet, "torchvision, timm"),
    ("vit-tiny", foreign_names.timm_vit, "timm"),
    ("vit-tiny", foreign_names.torchvision_vit, "torchvision"),
    (
        "vit-tiny",
        partial(foreign_names.torchvision_vit, first="linear_1", second="linear_2"),
        "torchvision, first version",
    ),
    ("vit-tiny", foreign_names.transformers4_vit, "Hugging Face, transformers 4"),
    ("yolov8n", dict, "distillation-student"),
]


@pytest.mark.parametrize(("arch", "rename", "naming"), NAMINGS, ids=[f"{arch}-{label}" for arch, _, label in NAMINGS])
def test_weights_of_another_program_are_taken_over_completely(arch, rename, naming, tmp_path: Path):
    published, student = build(arch, 1), build(arch, 2)
    assert differing(student, published)
    file = write(tmp_path / "weights.safetensors", rename(published.state_dict()))
    loaded = pretrained.load(student, arch, file, classes=CLASSES)
    assert (loaded.naming, loaded.share, loaded.head) == (naming, 1.0, True)
    assert (loaded.missing, loaded.unused) == ((), ())
    assert differing(student, published) == []


@pytest.mark.parametrize(
    ("arch", "rename", "shapes"),
    [
        (
            "resnet50",
            foreign_names.torchvision_resnet,
            {
                "conv1.weight": (64, 3, 7, 7),
                "bn1.running_var": (64,),
                "layer1.0.downsample.0.weight": (256, 64, 1, 1),
                "layer2.0.downsample.1.running_mean": (512,),
                "layer3.5.conv2.weight": (256, 256, 3, 3),
                "layer4.2.bn3.bias": (2048,),
                "fc.weight": (3, 2048),
            },
        ),
        (
            "vit-tiny",
            foreign_names.timm_vit,
            {
                "cls_token": (1, 1, 192),
                "pos_embed": (1, 5, 192),
                "patch_embed.proj.weight": (192, 3, 16, 16),
                "blocks.11.norm1.weight": (192,),
                "blocks.0.attn.qkv.weight": (576, 192),
                "blocks.0.attn.qkv.bias": (576,),
                "blocks.0.attn.proj.weight": (192, 192),
                "blocks.0.mlp.fc1.weight": (768, 192),
                "norm.bias": (192,),
                "head.weight": (3, 192),
            },
        ),
        (
            "vit-tiny",
            foreign_names.torchvision_vit,
            {
                "class_token": (1, 1, 192),
                "conv_proj.weight": (192, 3, 16, 16),
                "encoder.pos_embedding": (1, 5, 192),
                "encoder.layers.encoder_layer_3.ln_1.weight": (192,),
                "encoder.layers.encoder_layer_3.self_attention.in_proj_weight": (576, 192),
                "encoder.layers.encoder_layer_3.self_attention.out_proj.bias": (192,),
                "encoder.layers.encoder_layer_3.mlp.3.weight": (192, 768),
                "encoder.ln.weight": (192,),
                "heads.head.bias": (3,),
            },
        ),
        (
            "vit-tiny",
            foreign_names.transformers4_vit,
            {
                "vit.embeddings.patch_embeddings.projection.weight": (192, 3, 16, 16),
                "vit.encoder.layer.0.attention.attention.query.weight": (192, 192),
                "vit.encoder.layer.0.attention.output.dense.weight": (192, 192),
                "vit.encoder.layer.0.intermediate.dense.weight": (768, 192),
                "vit.encoder.layer.0.output.dense.weight": (192, 768),
                "vit.encoder.layer.0.layernorm_before.weight": (192,),
                "vit.layernorm.weight": (192,),
                "classifier.weight": (3, 192),
            },
        ),
    ],
    ids=["torchvision-resnet", "timm-vit", "torchvision-vit", "transformers4-vit"],
)
def test_the_names_in_these_tests_are_those_that_the_programs_publish(arch, rename, shapes):
    renamed = {name: tuple(tensor.shape) for name, tensor in rename(build(arch, 1).state_dict()).items()}
    assert {name: renamed.get(name) for name in shapes} == shapes
    assert not [name for name in renamed if name.startswith(("network.", "resnet.", "embedder."))]


def test_a_network_without_a_classifier_keeps_the_new_one(tmp_path: Path):
    published, student = build("vit-tiny", 1), build("vit-tiny", 2)
    state = foreign_names.transformers4_vit(published.state_dict(), root="")
    file = write(tmp_path / "w.safetensors", {name: t for name, t in state.items() if "classifier" not in name})
    loaded = pretrained.load(student, "vit-tiny", file, classes=CLASSES)
    assert (loaded.share, loaded.head, loaded.missing) == (1.0, False, ())
    assert differing(student, published) == ["network.classifier.weight", "network.classifier.bias"]


@pytest.mark.parametrize("prefix", ["module.", "model.", "backbone."])
def test_a_prefix_of_all_names_does_not_matter(prefix: str, tmp_path: Path):
    published, student = build("resnet18", 1), build("resnet18", 2)
    state = foreign_names.torchvision_resnet(published.state_dict())
    file = write(tmp_path / "w.safetensors", {prefix + name: tensor for name, tensor in state.items()})
    assert pretrained.load(student, "resnet18", file, classes=CLASSES).share == 1.0
    assert differing(student, published) == []


def test_published_detector_weights_of_eighty_classes_keep_all_but_the_class_layers(tmp_path: Path):
    published, student = build("yolov8n", 1, classes=80), build("yolov8n", 2)
    state = published.state_dict() | {"model.22.dfl.conv.weight": torch.arange(16.0).reshape(1, 16, 1, 1)}
    file = write(tmp_path / "w.safetensors", {f"model.{name}": tensor.half() for name, tensor in state.items()})
    before = {name: tensor.clone() for name, tensor in student.state_dict().items()}
    loaded = pretrained.load(student, "yolov8n", file, classes=CLASSES)
    assert (loaded.share, loaded.head, loaded.missing, loaded.unused) == (1.0, False, (), ())
    after, theirs = student.state_dict(), published.state_dict()
    for name, tensor in after.items():
        if name.startswith("model.22.cv3."):
            assert torch.equal(tensor, before[name]), name
        elif tensor.is_floating_point():
            assert torch.equal(tensor, theirs[name].half().float()), name


@pytest.mark.parametrize("arch", ONE_A_FAMILY)
def test_another_tasks_student_with_other_classes_gives_all_but_its_last_layer(arch: str, tmp_path: Path):
    other, student = build(arch, 1, classes=4), build(arch, 2)
    folder = export_student(tmp_path / "model", other, arch, ("a", "b", "c", "d"))
    fresh = build(arch, 2).state_dict()
    loaded = pretrained.load_student(student, arch, folder, classes=CLASSES)
    assert (loaded.share, loaded.head, loaded.missing) == (1.0, False, ())
    theirs = other.state_dict()
    for name, tensor in student.state_dict().items():
        assert torch.equal(tensor, (theirs if tensor.shape == theirs[name].shape else fresh)[name]), name


@pytest.mark.parametrize("arch", ONE_A_FAMILY)
def test_another_tasks_student_with_the_same_classes_is_continued_as_it_is(arch: str, tmp_path: Path):
    other, student = build(arch, 1), build(arch, 2)
    loaded = pretrained.load_student(student, arch, export_student(tmp_path / "m", other, arch), classes=CLASSES)
    assert (loaded.naming, loaded.share, loaded.head) == ("distillation-student", 1.0, True)
    assert differing(student, other) == []


def test_as_many_classes_with_other_names_are_other_classes(tmp_path: Path):
    other, student = build("cnn-tiny", 1), build("cnn-tiny", 2)
    folder = export_student(tmp_path / "m", other, "cnn-tiny", ("dot", "bar", "cross"))
    assert not pretrained.load(student, "cnn-tiny", folder, classes=CLASSES).head
    assert differing(student, other) == ["7.weight", "7.bias"]


def test_an_exported_student_is_loaded_again_whatever_it_learns(tmp_path: Path):
    for arch, kind in (("yolov8n", "detection"), ("unet-small", "segmentation"), ("lstm-small", "sequence")):
        model = build(arch, 1)
        again, config = export.load_student(export_student(tmp_path / arch, model, arch))
        assert config["task_type"] == kind
        assert differing(model, again) == []
    assert export.read_config(tmp_path / "yolov8n")["strides"] == [8, 16, 32]
    assert export.read_config(tmp_path / "yolov8n")["reg_max"] == 16
    assert "padded" in export.read_config(tmp_path / "unet-small")["resize"]
    assert "resize" not in export.read_config(tmp_path / "lstm-small")


def test_a_grey_student_sums_the_colours_of_the_first_convolution(tmp_path: Path):
    published, student = build("resnet18", 1), build("resnet18", 2, channels=1)
    file = write(tmp_path / "w.safetensors", foreign_names.torchvision_resnet(published.state_dict()))
    assert pretrained.load(student, "resnet18", file, classes=CLASSES).share == 1.0
    grey = torch.randn(2, 1, 96, 96)
    with torch.inference_mode():
        assert torch.allclose(student(grey), published(grey.expand(-1, 3, -1, -1)), atol=1e-3)


def test_a_colour_student_spreads_a_grey_first_convolution(tmp_path: Path):
    other, student = build("yolov8n", 1, channels=1), build("yolov8n", 2)
    file = write(tmp_path / "w.safetensors", other.state_dict())
    assert pretrained.load(student, "yolov8n", file, classes=CLASSES).share == 1.0
    grey = torch.randn(1, 1, 64, 64)
    with torch.inference_mode():
        mine, theirs = student(grey.expand(-1, 3, -1, -1)).boxes, other(grey).boxes
    assert torch.allclose(mine, theirs, rtol=1e-3, atol=1e-3 * float(theirs.abs().max()))


def test_positions_of_a_vit_are_resized_to_other_pictures(tmp_path: Path):
    published, student = build("vit-tiny", 1, size=64), build("vit-tiny", 2, size=96)
    grid = torch.linspace(0, 1, 4)
    positions = published.network.vit.embeddings.position_embeddings
    positions.data[:] = 0
    positions.data[0, 0] = 7
    positions.data[0, 1:, 0] = grid.repeat_interleave(4)  # the row
    positions.data[0, 1:, 1] = grid.repeat(4)  # the column
    file = write(tmp_path / "w.safetensors", foreign_names.timm_vit(published.state_dict()))
    assert pretrained.load(student, "vit-tiny", file, classes=CLASSES).share == 1.0
    resized = student.network.vit.embeddings.position_embeddings.detach()
    assert torch.equal(resized[0, 0], torch.full((192,), 7.0))
    rows, columns = resized[0, 1:, 0].reshape(6, 6), resized[0, 1:, 1].reshape(6, 6)
    assert (rows.diff(dim=0) > 0).all()
    assert torch.allclose(rows[:, :1].expand(6, 6), rows, atol=1e-6)
    assert torch.allclose(rows.T, columns, atol=1e-6)


def test_less_than_ninety_percent_is_refused_and_leaves_the_student_as_it_was(tmp_path: Path):
    published, student = build("resnet18", 1), build("resnet18", 2)
    state = foreign_names.torchvision_resnet(published.state_dict())
    part = {name: tensor for name, tensor in state.items() if not name.startswith("layer4.1.")}
    file = write(tmp_path / "w.safetensors", part)
    before = build("resnet18", 2)
    with pytest.raises(Refused, match=r"fill 57\.\d % of the student resnet18.*stages\.3\.layers\.1"):
        pretrained.load(student, "resnet18", file, classes=CLASSES)
    assert differing(student, before) == []
    loaded = pretrained.load(student, "resnet18", file, classes=CLASSES, force=True)
    assert 0.57 < loaded.share < 0.58
    assert set(loaded.missing) == set(differing(student, published))
    assert loaded.missing


def test_a_small_picture_stem_takes_the_rest_of_a_large_picture_network(tmp_path: Path):
    published, student = build("resnet18", 1), build("resnet18", 2, size=32)
    file = write(tmp_path / "w.safetensors", foreign_names.torchvision_resnet(published.state_dict()))
    loaded = pretrained.load(student, "resnet18", file, classes=CLASSES)
    assert loaded.missing == ("network.resnet.embedder.embedder.convolution.weight",)
    assert 0.99 < loaded.share < 1.0


@pytest.mark.parametrize("size", ["yolov8s", "resnet18"])
def test_weights_of_another_network_are_refused(size: str, tmp_path: Path):
    file = write(tmp_path / "w.safetensors", build(size, 1).state_dict())
    with pytest.raises(Refused, match=r"fill .* % of the student yolov8n|No weight in w\.safetensors has a name"):
        pretrained.load(build("yolov8n", 2), "yolov8n", file, classes=CLASSES)


def test_a_student_of_another_architecture_is_refused_naming_both(tmp_path: Path):
    folder = export_student(tmp_path / "m", build("cnn-tiny", 1), "cnn-tiny")
    with pytest.raises(Refused, match="those of a cnn-tiny, the student is a resnet18"):
        pretrained.load_student(build("resnet18", 2), "resnet18", folder, classes=CLASSES)


def test_weights_that_are_not_finite_are_refused(tmp_path: Path):
    state = build("cnn-tiny", 1).state_dict()
    state["3.weight"][0, 0, 0, 0] = float("nan")
    with pytest.raises(Refused, match=r"not finite numbers: 3\.weight"):
        pretrained.load(build("cnn-tiny", 2), "cnn-tiny", write(tmp_path / "w.safetensors", state), classes=CLASSES)


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin", ".PT"])
def test_a_pickle_is_refused_with_the_way_to_convert_it(suffix: str, tmp_path: Path):
    student = build("cnn-tiny", 2)
    file = tmp_path / f"weights{suffix}"
    torch.save(student.state_dict(), file)
    for path in (file, tmp_path):
        with pytest.raises(Refused) as refused:
            pretrained.load(student, "cnn-tiny", path, classes=CLASSES)
    command = f"python -m distillation.engine convert < {file.name} > weights.safetensors"
    assert command in refused.value.sentence.english()


@pytest.mark.slow
def test_a_converted_pickle_is_taken_over(tmp_path: Path):
    published, student = build("cnn-tiny", 1), build("cnn-tiny", 2)
    file = tmp_path / "weights.pt"
    torch.save(published.state_dict(), file)
    with file.open("rb") as source, (tmp_path / "weights.safetensors").open("wb") as target:
        arguments = [sys.executable, "-m", "distillation.engine", "convert"]
        subprocess.run(arguments, stdin=source, stdout=target, cwd=PROJECT, check=True)
    pretrained.load(student, "cnn-tiny", tmp_path / "weights.safetensors", classes=CLASSES)
    assert differing(student, published) == []


def test_what_is_no_weights_file_is_refused(tmp_path: Path):
    student = build("cnn-tiny", 2)
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(write(tmp_path / "whole.safetensors", student.state_dict()).read_bytes()[:-9])
    empty = tmp_path / "empty"
    empty.mkdir()
    for path, words in (
        (damaged, "damaged.safetensors cannot be read as safetensors"),
        (tmp_path / "absent.safetensors", "There are no weights absent.safetensors"),
        (empty, "has no .safetensors weights; found: –"),
    ):
        with pytest.raises(Refused, match=words):
            pretrained.load(student, "cnn-tiny", path, classes=CLASSES)
    with pytest.raises(Refused, match="is not a model of this platform"):
        pretrained.load_student(student, "cnn-tiny", empty, classes=CLASSES)


def test_hostile_shapes_are_no_fit_and_no_crash(tmp_path: Path):
    student = build("vit-tiny", 2)
    state = foreign_names.timm_vit(build("vit-tiny", 1).state_dict())
    state["pos_embed"] = torch.zeros(1, 0, 192)
    state["blocks.0.attn.qkv.bias"] = torch.tensor(1.0)
    state["norm.weight"] = torch.ones(192, dtype=torch.int64)
    loaded = pretrained.load(student, "vit-tiny", write(tmp_path / "w.safetensors", state), classes=CLASSES)
    assert {name.split("vit.")[1] for name in loaded.missing} == {
        "embeddings.position_embeddings",
        *(f"layers.0.attention.{part}_proj.bias" for part in "qkv"),
        "layernorm.weight",
    }
