"""Every test has a home of its own and no way to a model hub."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from distillation.tests.servers import mysql_database, mysql_url  # noqa: F401 - fixtures for every test


@pytest.fixture(autouse=True)
def home(tmp_path: Path, settings) -> Path:
    """``DISTILLATION_HOME`` below the test's temporary directory."""
    root = tmp_path / "home"
    for name in ("datasets", "models", "runs"):
        (root / name).mkdir(parents=True)
    settings.DISTILLATION_HOME = root
    settings.DATASETS_ROOT = root / "datasets"
    settings.MODELS_ROOT = root / "models"
    settings.RUNS_ROOT = root / "runs"
    return root


@pytest.fixture
def digits(home: Path) -> Path:
    """A small image-folder data set of real PNG files: ``datasets/digits`` with classes 0 and 1."""
    root = home / "datasets" / "digits"
    generator = np.random.default_rng(0)
    for split, count in (("train", 8), ("val", 4)):
        for label in ("0", "1"):
            folder = root / split / label
            folder.mkdir(parents=True)
            for index in range(count):
                pixels = generator.integers(0, 60, (8, 8), dtype=np.uint8)
                pixels[:, 2 + 3 * int(label)] = 255
                Image.fromarray(pixels).save(folder / f"{index}.png")
    return root
