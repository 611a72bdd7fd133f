"""Words for the values of options, so that forms and pages say the same."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from distillation.admin.figures import DASH
from distillation.models import Visibility
from distillation.models.sentences import as_read

VALUES = {
    "distillation": _("Knowledge distillation"),
    "direct": _("Direct training"),
    "classification": _("Classification"),
    "detection": _("Object detection"),
    "segmentation": _("Semantic segmentation"),
    "sequence": _("Sequence classification"),
    "text": _("Text classification"),
    "platform": _("This platform"),
    "external": _("External script"),
    "sample": _("Sample"),
    "private": Visibility.PRIVATE.label,
    "team": Visibility.TEAM.label,
    "everyone": Visibility.EVERYONE.label,
    "adamw": "AdamW",
    "adam": "Adam",
    "sgd": "SGD",
    "adagrad": "Adagrad",
    "rmsprop": "RMSprop",
    "cosine": _("Cosine"),
    "linear": _("Linear"),
    "constant": _("Constant"),
    "polynomial": _("Polynomial"),
    "step": _("In steps"),
    "kl_div": _("KL divergence"),
    "mse": _("Mean squared error"),
    "cross_entropy": _("Cross entropy"),
    "kd": "KD",
    "dkd": "DKD",
    "dist": "DIST",
    "cwd": "CWD",
    "at": _("Attention transfer"),
    "mgd": "MGD",
    "rkd": "RKD",
    "sp": "SP",
    "pkt": "PKT",
    "logit": _("Logits"),
    "feature": _("Features"),
    "hybrid": _("Logits and features"),
    "random": _("Random"),
    "pretrained": _("Pretrained"),
    "distill": _("Another task's student"),
    "none": _("None"),
    "teacher": _("The teacher"),
    "student": _("The student"),
    "joint": _("Both learn together"),
    "lora_only": _("Of adapted modules"),
    "all": _("All"),
    "light": _("Mild"),
    "standard": _("Standard"),
    "strong": _("Strong"),
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
    if isinstance(value, list):
        return ", ".join(map(str, value)) or DASH
    return as_read(value_word(value))
