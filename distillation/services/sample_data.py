"""The demo's data sets, made at the press of a button: only what needs nothing from the network."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from distillation.services import background
from distillation.storage.local import home


@dataclass(frozen=True, slots=True)
class Sample:
    """A data set that ``manage.py create_demo_datasets`` can make."""

    folder: str
    task_type: str


SAMPLES = (
    Sample("digits", "classification"),
    Sample("digits-100", "classification"),
    Sample("digit-scenes", "detection"),
    Sample("digit-scenes-masks", "segmentation"),
    Sample("waves", "sequence"),
)
BY_FOLDER = {sample.folder: sample for sample in SAMPLES}


@dataclass(frozen=True, slots=True)
class Making:
    """How far a sample is."""

    phase: str
    """``absent``, ``running``, ``there`` or ``broken``."""
    error: str = ""


def look(sample: Sample) -> Making:
    """Whether the folder is there, being made, or could not be made."""
    if (Path(settings.DATASETS_ROOT) / sample.folder).is_dir():
        return Making("there")
    aside = _aside(sample)
    if background.running(aside):
        return Making("running")
    error = background.errors(aside)
    return Making("broken", error) if error else Making("absent")


def make(sample: Sample) -> Making:
    """Begin to make it, unless it is there or being made; ``absent`` when others are made now: ask again."""
    found = look(sample)
    if found.phase in ("there", "running"):
        return found
    aside = _aside(sample)
    aside.mkdir(parents=True, exist_ok=True)
    manage = str(Path(settings.BASE_DIR) / "manage.py")
    started = background.start([sys.executable, manage, "create_demo_datasets", sample.folder], aside)
    return Making("running" if started else "absent")


def _aside(sample: Sample) -> Path:
    return home() / "samples" / sample.folder
