"""The catalogue of students: what each one learns to do, how large it is and which pictures it takes."""

from __future__ import annotations

from dataclasses import dataclass

from distillation.contract.spec import TaskType

VOCABULARY, MAX_TOKENS = 8192, 256
"""Limits of what a student of texts reads: tokens that it tells apart, and the first ones of a text that it sees."""


@dataclass(frozen=True, slots=True)
class Student:
    """One architecture."""

    name: str
    family: str
    task_type: TaskType
    parameters: int
    """Trained ones, for ``classes`` and ``channels``."""
    default_image_size: int
    """0 for a student that takes no pictures; so are the two that follow."""
    min_image_size: int
    size_multiple: int
    """The image size must be a multiple of this: a ViT's patch, the coarsest stride of a detector or a U-Net."""
    summary: str
    classes: int = 1000
    channels: int = 3
    """Of pictures; the values a step of a sequence; the tokens of the vocabulary that texts are written in."""

    @property
    def takes_pictures(self) -> bool:
        """False for sequences and texts, whose length is free."""
        return self.size_multiple > 0


def _classifier(name: str, parameters: int, summary: str) -> Student:
    return Student(name, name.rstrip("0123456789"), "classification", parameters, 224, 8, 1, summary)


def _vit(size: str, parameters: int, width: int) -> Student:
    summary = f"vision transformer, width {width}, patch 16"
    return Student(f"vit-{size}", "vit", "classification", parameters, 224, 32, 16, summary)


def _detector(family: str, size: str, parameters: int) -> Student:
    summary = f"one-stage detector without anchor boxes, {'C2f' if family == 'yolov8' else 'C3'} blocks"
    return Student(family + size, family, "detection", parameters, 640, 64, 32, summary, classes=80)


def _unet(size: str, parameters: int, width: int) -> Student:
    summary = f"U-Net with batch normalisation, {width} channels at full resolution"
    return Student(f"unet-{size}", "unet", "segmentation", parameters, 256, 32, 16, summary, classes=21)


def _lstm(size: str, parameters: int, hidden: int) -> Student:
    summary = f"two LSTM layers of {hidden} units, mean over time and last state"
    return Student(f"lstm-{size}", "lstm", "sequence", parameters, 0, 0, 0, summary, classes=10, channels=1)


def _textcnn(size: str, parameters: int, width: int) -> Student:
    summary = f"convolutions over 3, 4 and 5 tokens with {width} channels each, the strongest answer of each over time"
    return Student(f"textcnn-{size}", "textcnn", "text", parameters, 0, 0, 0, summary, classes=10, channels=VOCABULARY)


STUDENTS: dict[str, Student] = {
    student.name: student
    for student in (
        Student(
            "cnn-tiny", "cnn", "classification", 1_626, 32, 8, 1,
            "two convolutions and a linear layer, for small pictures", classes=10, channels=1,
        ),
        _classifier("resnet18", 11_689_512, "residual network with 18 layers"),
        _classifier("resnet34", 21_797_672, "residual network with 34 layers"),
        _classifier("resnet50", 25_557_032, "residual network with 50 layers"),
        _classifier("resnet101", 44_549_160, "residual network with 101 layers"),
        _vit("tiny", 5_717_416, 192),
        _vit("small", 22_050_664, 384),
        _vit("base", 86_567_656, 768),
        _vit("large", 304_326_632, 1024),
        _detector("yolov8", "n", 3_157_184),
        _detector("yolov8", "s", 11_166_544),
        _detector("yolov8", "m", 25_902_624),
        _detector("yolov8", "l", 43_691_504),
        _detector("yolov8", "x", 68_229_632),
        _detector("yolov5", "n", 2_654_800),
        _detector("yolov5", "s", 9_153_136),
        _detector("yolov5", "m", 25_111_440),
        _detector("yolov5", "l", 53_225_008),
        _detector("yolov5", "x", 97_276_432),
        _unet("small", 7_763_701, 32),
        _unet("medium", 17_462_373, 48),
        _unet("large", 31_038_933, 64),
        _lstm("small", 796_682, 256),
        _lstm("medium", 3_166_218, 512),
        _lstm("large", 12_623_882, 1024),
        _textcnn("small", 575_562, 64),
        _textcnn("medium", 1_249_418, 128),
        _textcnn("large", 2_892_042, 256),
    )
}  # fmt: skip
"""The detectors' published numbers are larger by 16: the constants 0 … 15 of the box distribution, which are
counted there although they are never trained."""

FAMILY_DEFAULTS = {
    "vit": "vit-base",
    "yolov8": "yolov8n",
    "yolov5": "yolov5n",
    "unet": "unet-medium",
    "lstm": "lstm-medium",
    "textcnn": "textcnn-medium",
}
"""A bare family name stands for this member unless ``studentModelSize`` says otherwise."""

SMALL_STEM_BELOW = 64
"""ResNets for images up to this size start with a 3×3 convolution of stride 1 and no pooling, as is usual
for CIFAR-sized pictures (He et al. 2016, section 4.2); the ImageNet stem would leave a single pixel."""
