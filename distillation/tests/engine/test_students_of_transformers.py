"""A student that transformers knows too takes its directories over and answers as its own class does."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import transformers
from torch import nn

from distillation.engine import students
from distillation.engine.students import pretrained

CLASSES = ("bar", "cross", "dot")
RESNETS = {
    "resnet18": ([2, 2, 2, 2], "basic", [64, 128, 256, 512]),
    "resnet50": ([3, 4, 6, 3], "bottleneck", [256, 512, 1024, 2048]),
}
SIZES = {"resnet18": 96, "resnet50": 96, "vit-tiny": 32}


def published(arch: str) -> transformers.PreTrainedModel:
    """What transformers itself builds under the name."""
    if arch == "vit-tiny":
        sizes = {"hidden_size": 192, "intermediate_size": 768, "num_attention_heads": 3}
        of_vit = transformers.ViTConfig(num_labels=len(CLASSES), image_size=SIZES[arch], **sizes)
        model = transformers.ViTForImageClassification(of_vit)
    else:
        depths, kind, widths = RESNETS[arch]
        of_resnet = transformers.ResNetConfig(
            num_labels=len(CLASSES), embedding_size=64, depths=depths, layer_type=kind, hidden_sizes=widths
        )
        model = transformers.ResNetForImageClassification(of_resnet)
    for tensor in model.state_dict().values():  # new normalisations are all alike, which would hide a mix-up
        if tensor.dim() == 1:
            tensor.uniform_(0.5, 1.5)
    return model.eval()


@pytest.mark.parametrize("arch", SIZES)
def test_a_directory_that_transformers_wrote_is_taken_over_and_answers_alike(arch: str, tmp_path: Path):
    torch.manual_seed(1)
    theirs = published(arch)
    theirs.save_pretrained(tmp_path, max_shard_size="12MB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 1  # in several files
    torch.manual_seed(2)
    student = students.build(arch, classes=len(CLASSES), channels=3, image_size=SIZES[arch]).eval()
    loaded = pretrained.load(student, arch, tmp_path, classes=CLASSES)
    assert (loaded.share, loaded.missing) == (1.0, ())
    assert loaded.naming.startswith("Hugging Face")
    taken = student.state_dict()
    assert all(torch.equal(taken[f"network.{name}"], tensor) for name, tensor in theirs.state_dict().items())
    pictures = torch.randn(2, 3, SIZES[arch], SIZES[arch])
    with torch.inference_mode():
        expected = theirs(pixel_values=pictures).logits
        assert torch.allclose(student(pictures), expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


def test_weights_are_drawn_as_transformers_draws_them():
    torch.manual_seed(0)
    student = students.build("resnet18", classes=3, channels=3, image_size=96)
    torch.manual_seed(0)
    theirs: nn.Module = published("resnet18")
    for name, tensor in theirs.state_dict().items():
        if tensor.dim() == 4:
            assert student.state_dict()[f"network.{name}"].std() == pytest.approx(float(tensor.std()), rel=0.05), name
