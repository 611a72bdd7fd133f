"""Words for the values of options, so that forms and pages say the same."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from distillation.admin.figures import DASH

VALUES = {
    "distillation": _("Knowledge distillation"),
    "direct": _("Direct training"),
    "classification": _("Classification"),
    "platform": _("This platform"),
    "external": _("External script"),
    "sample": _("Sample"),
    "adamw": "AdamW",
    "adam": "Adam",
    "sgd": "SGD",
    "cosine": _("Cosine"),
    "linear": _("Linear"),
    "constant": _("Constant"),
    "kl_div": _("KL divergence"),
    "logit": _("Logits"),
    "resnet": "ResNet",
    "vit": "ViT",
    "yolov8": "YOLOv8",
    "yolov5": "YOLOv5",
    "unet": "U-Net",
    "lstm": "LSTM",
}


def value_word(value: Any) -> str:
    """A choice of the catalogue in the reader's language; other values as they are."""
    return str(VALUES.get(str(value), value))


def setting(value: Any) -> str:
    """A setting's value as a page shows it."""
    if value is None or value == "":
        return DASH
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, float):
        return f"{value:.8f}".rstrip("0").rstrip(".")
    return value_word(value)
