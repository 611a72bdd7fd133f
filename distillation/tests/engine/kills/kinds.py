"""A short run of every kind, with its data and its teacher, and the moments at which it is killed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from distillation.contract.spec import LossSpec, RunSpec, TeacherSpec
from distillation.tests.engine.coloured import (
    DETECTOR,
    SIZE,
    performed,
    short_run,
    taught,
    write_boxes,
    write_masks,
    write_texts,
    write_waves,
)
from distillation.tests.engine.lora.samples import tuned, with_vit, write_vit
from distillation.tests.engine.samples import write_dataset, write_teacher
from distillation.tests.engine.teachers.detectors import write_sure

Event = dict[str, Any]

MOMENTS: dict[str, Callable[[Event], bool]] = {
    "at its start": lambda event: event["kind"] == "started",
    "while data is prepared": lambda event: event.get("phase") == "prepare",
    "while the teacher adapts": lambda event: event.get("phase") == "adapt" and event["done"] > 0,
    "while the teacher answers": lambda event: event.get("phase") == "teacher",
    "as the student begins": lambda event: event.get("phase") == "student",
    "while the student learns": lambda event: event["kind"] == "checkpoint" and event["arm"] == "student",
    "as the control begins": lambda event: event.get("phase") == "control",
    "while the control learns": lambda event: event["kind"] == "checkpoint" and event["arm"] == "control",
    "while it is evaluated": lambda event: event.get("phase") == "evaluate",
    "while it is exported": lambda event: event.get("phase") == "export",
}
"""Each begins with an event of the engine."""
FIVE = (
    "at its start",
    "while the teacher answers",
    "while the student learns",
    "while the control learns",
    "while it is evaluated",
)
KD, HYBRID = LossSpec(2.0, 0.6, 0.4), LossSpec(2.0, 0.6, 0.4, "hybrid", "cwd", 0.5)


@dataclass(frozen=True)
class Kind:
    """One kind of run."""

    prepare: Callable[[Path], RunSpec]
    """Writes data and teacher into a home; tells the run."""
    moments: tuple[str, ...] = FIVE


def _classification(home: Path) -> RunSpec:
    return _of_pictures(home, taught(_PICTURES, "teacher", KD))


def _detection(home: Path) -> RunSpec:
    write_boxes(home / "datasets" / "detection")
    performed(home, DETECTOR, "teacher")
    return _often(taught(DETECTOR, "teacher", HYBRID, epochs=3, augmentation="standard", views=2))


def _detection_by_boxes(home: Path) -> RunSpec:
    write_boxes(home / "datasets" / "detection")
    write_sure(home / "models" / "sure")
    spec = taught(short_run("detection", "yolov8n", SIZE, epochs=3, augmentation="light"), "sure", KD)
    return _often(replace(spec, teacher=TeacherSpec("detector", "sure", "models/sure")))


def _segmentation(home: Path) -> RunSpec:
    write_masks(home / "datasets" / "segmentation")
    alone = short_run("segmentation", "unet-small", 32, epochs=1)
    performed(home, alone, "teacher")
    return _often(taught(alone, "teacher", HYBRID, epochs=2, augmentation="strong"))


def _sequence(home: Path) -> RunSpec:
    write_waves(home / "datasets" / "sequence")
    alone = short_run("sequence", "lstm-small", 0, epochs=1, batch_size=8)
    performed(home, alone, "teacher")
    return _often(taught(alone, "teacher", KD, epochs=8))


def _text(home: Path) -> RunSpec:
    write_texts(home / "datasets" / "text")
    alone = short_run("text", "textcnn-small", 0, epochs=1, batch_size=8)
    performed(home, alone, "teacher")
    return _often(taught(alone, "teacher", KD, epochs=20))


def _lora_teacher(home: Path) -> RunSpec:
    write_vit(home / "models" / "vit")
    return _of_pictures(home, with_vit(taught(_PICTURES, "vit", KD), epochs=60))


def _lora_student(home: Path) -> RunSpec:
    return _of_pictures(home, tuned(home, taught(_PICTURES, "teacher", KD, epochs=2)))


_PICTURES = short_run("classification", "cnn-tiny", 8, epochs=40, batch_size=8, grad_accum_steps=2)


def _of_pictures(home: Path, spec: RunSpec) -> RunSpec:
    write_dataset(home / "datasets" / "classification")
    write_teacher(home / "runs" / "teacher" / "artifacts" / "model")
    return _often(spec)


def _often(spec: RunSpec) -> RunSpec:
    """With checkpoints in the middle of epochs."""
    return replace(spec, checkpoint_seconds=0.05)


KINDS = {
    "classification": Kind(
        _classification,
        (
            "while data is prepared",
            "while the teacher answers",
            "as the student begins",
            "while the student learns",
            "as the control begins",
            "while the control learns",
            "while it is evaluated",
            "while it is exported",
        ),
    ),
    "detection": Kind(_detection),
    "detection-by-boxes": Kind(_detection_by_boxes),
    "segmentation": Kind(_segmentation),
    "sequence": Kind(_sequence),
    "text": Kind(_text),
    "lora-teacher": Kind(
        _lora_teacher,
        (
            "at its start",
            "while the teacher adapts",
            "while the teacher answers",
            "while the student learns",
            "while it is exported",
        ),
    ),
    "lora-student": Kind(_lora_student),
}
