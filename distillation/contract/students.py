"""The catalogue of students that can be built for classification."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Student:
    """One architecture. ``parameters`` is for 1000 classes and RGB (cnn-tiny: 10 classes, grey)."""

    name: str
    family: str
    parameters: int
    default_image_size: int
    min_image_size: int
    size_multiple: int
    """The image size must be a multiple of this (a ViT's patch)."""
    summary: str


STUDENTS: dict[str, Student] = {
    student.name: student
    for student in (
        Student("cnn-tiny", "cnn", 1_626, 32, 8, 1, "two convolutions and a linear layer, for small pictures"),
        Student("resnet18", "resnet", 11_689_512, 224, 8, 1, "residual network with 18 layers"),
        Student("resnet34", "resnet", 21_797_672, 224, 8, 1, "residual network with 34 layers"),
        Student("resnet50", "resnet", 25_557_032, 224, 8, 1, "residual network with 50 layers"),
        Student("resnet101", "resnet", 44_549_160, 224, 8, 1, "residual network with 101 layers"),
        Student("vit-tiny", "vit", 5_717_416, 224, 32, 16, "vision transformer, width 192, patch 16"),
        Student("vit-small", "vit", 22_050_664, 224, 32, 16, "vision transformer, width 384, patch 16"),
        Student("vit-base", "vit", 86_567_656, 224, 32, 16, "vision transformer, width 768, patch 16"),
    )
}

FAMILY_DEFAULTS = {"vit": "vit-base"}
"""A bare family name stands for this member unless ``studentModelSize`` says otherwise."""

PLANNED = (
    "vit-large",
    *(f"yolov{v}{s}" for v in (8, 5) for s in "nsmlx"),
    *(f"unet-{s}" for s in ("small", "medium", "large")),
    *(f"lstm-{s}" for s in ("small", "medium", "large")),
)
"""Names of the contract that this version cannot build; refused with a sentence, never as unknown words."""

SMALL_STEM_BELOW = 64
"""ResNets for images up to this size start with a 3×3 convolution of stride 1 and no pooling, as is usual
for CIFAR-sized pictures (He et al. 2016, section 4.2); the ImageNet stem would leave a single pixel."""
