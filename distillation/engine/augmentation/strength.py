"""What the option ``augmentation`` stands for, by type of task."""

from __future__ import annotations

from dataclasses import dataclass

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import shown

NAMES = ("none", "light", "standard", "strong")


@dataclass(frozen=True, slots=True)
class Strength:
    """How far views differ from the clean picture; the default is not at all."""

    flip: float = 0.0
    """Probability that a picture is mirrored. Must be 0 where left and right mean something, as in digits and text."""
    zoom: tuple[float, float] = (1.0, 1.0)
    """Least and greatest magnification. Above 1 a part of the picture fills the view, below 1 all of it a part."""
    stretch: float = 1.0
    """Greatest ratio, at least 1, of the two sides' magnification."""
    shift: float = 0.0
    """Greatest share of the shown part, at each side, that may lie outside the picture."""
    brightness: float = 0.0
    """Greatest relative change of all pixels, below 1; the next two likewise."""
    contrast: float = 0.0
    """… of the distance from the picture's mean."""
    saturation: float = 0.0
    """… of the distance from grey."""
    hue: float = 0.0
    """Greatest turn of the colours as a share of the colour circle."""
    mosaic: float = 0.0
    """Probability that four pictures share a view (Bochkovskiy et al. 2020, arXiv:2004.10934)."""
    mosaic_zoom: tuple[float, float] = (0.5, 1.25)
    """``zoom`` of the four."""
    mixup: float = 0.0
    """Probability that another picture shines through (Zhang et al. 2018, arXiv:1710.09412)."""
    mixup_alpha: float = 0.2
    """Both parameters of the Beta distribution of its share. Small: mostly one picture; large: half and half."""


CLEAN = Strength()

_BY_TYPE: dict[str, dict[str, Strength]] = {
    "classification": {
        "light": Strength(zoom=(0.9, 1.1), stretch=1.1, shift=0.05, brightness=0.15, contrast=0.15, saturation=0.15),
        "standard": Strength(
            flip=0.5, zoom=(1.0, 1.6), stretch=4 / 3, brightness=0.3, contrast=0.3, saturation=0.3, hue=0.02
        ),
        "strong": Strength(
            flip=0.5, zoom=(1.0, 2.2), stretch=4 / 3, brightness=0.4, contrast=0.4, saturation=0.4, hue=0.05, mixup=0.5
        ),
    },
    "detection": {
        "light": Strength(zoom=(0.9, 1.1), shift=0.05, brightness=0.15, contrast=0.15, saturation=0.15),
        "standard": Strength(
            flip=0.5, zoom=(0.7, 1.4), stretch=1.2, shift=0.1, brightness=0.3, contrast=0.2, saturation=0.4, hue=0.015,
            mosaic=0.5,
        ),
        "strong": Strength(
            flip=0.5, zoom=(0.5, 1.6), stretch=1.3, shift=0.1, brightness=0.4, contrast=0.3, saturation=0.6, hue=0.02,
            mosaic=0.8, mixup=0.15, mixup_alpha=8.0,
        ),
    },
    "segmentation": {
        "light": Strength(zoom=(0.9, 1.1), shift=0.05, brightness=0.15, contrast=0.15, saturation=0.15),
        "standard": Strength(
            flip=0.5, zoom=(0.75, 1.6), stretch=1.2, brightness=0.3, contrast=0.3, saturation=0.3, hue=0.015
        ),
        "strong": Strength(
            flip=0.5, zoom=(0.5, 2.0), stretch=1.3, shift=0.1, brightness=0.4, contrast=0.4, saturation=0.5, hue=0.03,
            mosaic=0.3,
        ),
    },
}  # fmt: skip


def strength(name: str, task_type: str) -> Strength:
    """Look up what an augmentation does in a type of task.

    Raises Refused for an unknown name, and where the samples are not pictures and the name is not ``none``.
    """
    if name not in NAMES:
        raise Refused(
            Sentence(
                gettext_noop("There is no augmentation {name}. Choose one of {names}."),
                {"name": shown(name), "names": ", ".join(NAMES)},
            )
        )
    if name == "none":
        return CLEAN
    if task_type not in _BY_TYPE:
        raise Refused(
            Sentence(
                gettext_noop("Augmentation {name} changes pictures, and a task of type {type} has none. Choose none."),
                {"name": name, "type": shown(task_type)},
            )
        )
    return _BY_TYPE[task_type][name]
