"""What a task's ``accuracy`` is, by type of task; averages are made within one type only."""

from __future__ import annotations

METRICS = {
    "classification": "top-1 accuracy",
    "detection": "mAP50",
    "segmentation": "mIoU",
    "sequence": "top-1 accuracy",
    "text": "top-1 accuracy",
}
"""In percent. A type that is not listed has no metric with a known name."""

FAMILY_TYPES = {"yolo": "detection", "unet": "segmentation", "lstm": "sequence", "textcnn": "text"}
"""Beginnings of students' names that tell the type where the configuration does not state it."""

DENSE = frozenset({"detection", "segmentation"})
"""Where places in a picture matter: it keeps its proportions."""

OF_PICTURES = DENSE | {"classification"}

USUAL_TYPE = "classification"


def type_of_name(student: str) -> str:
    """What a student's name suggests; scripts elsewhere train networks of their own, which no catalogue has."""
    name = student.lower()
    return next((kind for start, kind in FAMILY_TYPES.items() if name.startswith(start)), USUAL_TYPE)
