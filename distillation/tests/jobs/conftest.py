"""A trained teacher and an undisturbed student, made once; each test works on a copy."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from distillation.tests.jobs.platform import STUDENT, TEACHER, Platform


@dataclass
class Prepared:
    home: Path
    teacher_id: str
    weights: bytes
    """Of a student that nobody disturbed."""


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    home = tmp_path_factory.mktemp("prepared")
    platform = Platform(home)
    platform.set_up()
    teacher = platform.create(**TEACHER)
    platform.start_worker("--once").wait(timeout=120)
    assert platform.task(teacher)["status"] == "COMPLETED", platform.task(teacher)["error_message"]
    student = platform.create(**STUDENT, teacherModel=teacher)
    platform.start_worker("--once").wait(timeout=120)
    assert platform.task(student)["status"] == "COMPLETED", platform.task(student)["error_message"]
    return Prepared(home, teacher, platform.weights(student))


@pytest.fixture
def platform(prepared: Prepared, tmp_path: Path) -> Iterator[Platform]:
    home = tmp_path / "platform"
    shutil.copytree(prepared.home, home)
    shutil.rmtree(home / "cache", ignore_errors=True)  # the teacher's outputs are computed again
    there = Platform(home)
    yield there
    there.shut_down()
