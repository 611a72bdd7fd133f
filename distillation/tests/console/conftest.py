"""People before the console's own pages."""

from __future__ import annotations

import io

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from distillation.models import TrainingTask
from distillation.tests.admin.conftest import alice, console, staff, teacher
from distillation.tests.admin.people import World, make_world
from distillation.tests.finished import finished_task

__all__ = ["alice", "console", "staff", "teacher"]


@pytest.fixture
def world(home, db) -> World:
    return make_world(home)


@pytest.fixture
def model(world) -> TrainingTask:
    """A finished task of olga whose model can be used."""
    return finished_task("TASK_5E6F7A8B", create_by="olga", task_name="猫狗")


@pytest.fixture
def detector(world) -> TrainingTask:
    """The same for boxes."""
    config = {"arch": "yolov8n", "task_type": "detection", "classes": ["猫", "狗"], "image_size": 64, "channels": 3}
    return finished_task("TASK_DE7EC700", config, create_by="olga", student_model="yolov8n")


def picture_file(name: str = "猫.png", size: tuple[int, int] = (12, 8), kind: str = "PNG") -> SimpleUploadedFile:
    encoded = io.BytesIO()
    Image.fromarray(np.zeros((size[1], size[0], 3), np.uint8)).save(encoded, kind)
    return SimpleUploadedFile(name, encoded.getvalue(), "image/png")
