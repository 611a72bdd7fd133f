"""Whether a run will fit on the disk, asked before it begins."""

from __future__ import annotations

import shutil

from django.conf import settings

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import RunSpec
from distillation.contract.students import STUDENTS
from distillation.datasets.outline import outline
from distillation.storage.local import home

RESERVE = 64 * 2**20
"""Kept free for events, the database and others."""


def required_bytes(spec: RunSpec) -> int:
    """Bytes that the run writes at most: pictures, the teacher's outputs, checkpoints and models."""
    data = outline(home() / spec.data.path, home() / spec.data.val_path)
    pictures = data.train + data.val + data.unlabeled
    packed = pictures * spec.student.image_size**2 * 3
    outputs = pictures * len(data.classes) * 4 if spec.teacher else 0
    arms = 2 if spec.control else 1
    weights = STUDENTS[spec.student.arch].parameters * 4
    # Two checkpoints and one being written, each with weights and two moments; the best weights; the model.
    return packed + outputs + arms * weights * (3 * 3 + 2)


def check_disk(spec: RunSpec) -> None:
    """Raise Refused, with what is needed and what is free, when the run would fill the disk."""
    needed = required_bytes(spec) + RESERVE
    free = shutil.disk_usage(settings.DISTILLATION_HOME).free
    if free < needed:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The run needs about {needed} MB of disk, {free} MB are free below DISTILLATION_HOME. "
                    "Free some space, then start the task again."
                ),
                {"needed": needed // 10**6 + 1, "free": free // 10**6},
            )
        )
